import pytest
from helpers.square_engine import at, picture

from picosam_ros.prompt import Box, Point, Prompt
from picosam_ros.results import Answer, PromptState
from picosam_ros.segmenter import Segmenter


def test_a_prompt_before_the_first_image_is_refused_and_accepted_after_it(engine):
    segmenter = Segmenter(engine)
    answer = segmenter.prompts.put(at(object_id=3))
    assert (answer.object_id, answer.state, answer.generation) == (3, PromptState.REFUSED, 0)
    assert 'no image has arrived yet' in answer.reason
    assert segmenter.prompts.active == ()
    segmenter.step(picture())
    assert segmenter.prompts.put(at(object_id=3)).state is PromptState.ACCEPTED


def test_an_accepted_prompt_is_answered_on_every_frame_after_it(segmenter):
    answer = segmenter.prompts.put(at(object_id=3))
    assert answer == Answer(3, PromptState.ACCEPTED, '', 1)
    for stamp in (10, 20):
        frame = picture(stamp_ns=stamp)
        result = segmenter.step(frame)
        assert result.frame is frame
        [mask] = result.masks
        assert (mask.prompt.object_id, mask.prompt.generation) == (3, 1)
        assert result.timing.inference == 5.0


def test_a_refusal_of_a_prompt_that_was_made_carries_its_id(segmenter):
    answer = segmenter.prompts.put(at(x=-7, object_id=9))
    assert (answer.object_id, answer.state) == (9, PromptState.REFUSED)
    assert '(-7, 100) is outside' in answer.reason


def test_a_prompt_that_had_to_be_changed_is_clamped_and_says_how(segmenter):
    answer = segmenter.prompts.put(Prompt.from_box(Box(-5, 0, 50, 50)))
    assert answer.state is PromptState.CLAMPED
    assert 'the box was cut' in answer.reason
    assert segmenter.prompts.active[0].box == Box(0, 0, 50, 50)


def test_what_the_engine_cannot_do_is_refused_and_changes_nothing(segmenter):
    segmenter.prompts.put(at())
    before = segmenter.prompts.active
    answer = segmenter.prompts.refine(1, [Point(5, 5, positive=False)])
    assert answer.state is PromptState.REFUSED
    assert "engine 'square' does not take negative points" in answer.reason
    assert segmenter.prompts.active == before


def test_replacing_a_prompt_changes_its_generation_and_keeps_its_place(segmenter):
    segmenter.prompts.put(at(object_id=1))
    segmenter.prompts.put(at(object_id=2))
    answer = segmenter.prompts.put(at(x=300, object_id=1))
    assert answer.generation == 3
    assert [(p.object_id, p.generation) for p in segmenter.prompts.active] == [(1, 3), (2, 2)]
    assert segmenter.prompts.active[0].points == (Point(300, 100),)


def test_refining_adds_points_under_a_new_generation(segmenter):
    segmenter.prompts.put(at(object_id=4))
    answer = segmenter.prompts.refine(4, [Point(120, 110)])
    assert (answer.state, answer.generation) == (PromptState.ACCEPTED, 2)
    assert segmenter.prompts.active[0].points == (Point(100, 100), Point(120, 110))


def test_all_points_are_kept_however_often_an_object_is_refined(segmenter):
    segmenter.prompts.put(at(object_id=4))
    points = [Point(120 + n, 110) for n in range(6)]
    for point in points:
        segmenter.prompts.refine(4, [point])
        segmenter.step(picture())
    assert segmenter.prompts.active[0].points == (Point(100, 100), *points)


def test_steps_add_up_as_points_do(segmenter):
    segmenter.prompts.put(at(object_id=4))
    answer = segmenter.prompts.refine(4, [], size_step=-1)
    [prompt] = segmenter.prompts.active
    assert (answer.state, prompt.size_step) == (PromptState.ACCEPTED, -1)
    assert prompt.points == (Point(100, 100),)
    segmenter.prompts.refine(4, [Point(120, 110)], size_step=-1)
    assert segmenter.prompts.active[0].size_step == -2


def test_what_refines_an_object_continues_all_of_its_generations_and_no_other(segmenter):
    earlier = segmenter.prompts.put(at(object_id=4)).generation
    first = segmenter.prompts.put(at(object_id=4)).generation
    second = segmenter.prompts.refine(4, [Point(120, 110)]).generation
    third = segmenter.prompts.refine(4, [], size_step=1).generation
    [prompt] = segmenter.prompts.active
    known = [prompt.continues(number) for number in (earlier, first, second, third)]
    assert known == [False, True, True, True]
    segmenter.prompts.put(at(object_id=4))
    assert not segmenter.prompts.active[0].continues(third)


@pytest.mark.parametrize(
    'act',
    [lambda s: s.prompts.refine(7, [Point(1, 1)]), lambda s: s.prompts.remove(7)],
    ids=['refine', 'remove'],
)
def test_an_unknown_id_is_refused_with_the_known_ones(segmenter, act):
    assert act(segmenter).reason.endswith('objects that are segmented now: none')
    segmenter.prompts.put(at(object_id=2))
    segmenter.prompts.put(at(object_id=5))
    answer = act(segmenter)
    assert (answer.object_id, answer.state) == (7, PromptState.REFUSED)
    assert answer.reason == 'object 7 is not segmented; objects that are segmented now: 2, 5'


def test_a_removed_object_is_answered_no_more(segmenter):
    segmenter.prompts.put(at(object_id=2))
    answer = segmenter.prompts.remove(2)
    assert (answer.state, answer.generation) == (PromptState.ACCEPTED, 1)
    assert segmenter.step(picture()).masks == ()


def test_clearing_tells_how_many_objects_there_were(segmenter):
    for object_id in (1, 2, 3):
        segmenter.prompts.put(at(object_id=object_id))
    assert segmenter.prompts.clear() == 3
    assert segmenter.prompts.active == ()
    assert segmenter.prompts.clear() == 0


def test_beyond_the_limit_only_replacing_is_possible(engine):
    segmenter = Segmenter(engine, max_prompts=2)
    segmenter.step(picture())
    segmenter.prompts.put(at(object_id=1))
    segmenter.prompts.put(at(object_id=2))
    answer = segmenter.prompts.put(at(object_id=3))
    assert answer.state is PromptState.REFUSED
    assert answer.reason.startswith('2 objects are segmented already')
    assert 'max_prompts' in answer.reason
    assert segmenter.prompts.put(at(object_id=2)).state is PromptState.ACCEPTED
    segmenter.prompts.remove(1)
    assert segmenter.prompts.put(at(object_id=3)).state is PromptState.ACCEPTED


def test_every_answer_is_counted(segmenter):
    segmenter.prompts.put(at(object_id=1))
    segmenter.prompts.put(at(object_id=2, roi_size=5000))
    segmenter.prompts.put(at(x=-1))
    segmenter.prompts.refuse(0, 'no header')
    segmenter.prompts.remove(1)
    segmenter.prompts.remove(1)
    segmenter.step(picture(50, 50))
    assert segmenter.prompts.answers == {
        PromptState.ACCEPTED: 2,
        PromptState.CLAMPED: 1,
        PromptState.REFUSED: 3,
        PromptState.LOST: 1,
    }


def test_of_a_burst_of_prompts_the_last_of_each_id_stays_and_all_are_answered(segmenter):
    answers = [segmenter.prompts.put(at(x=n % 640, object_id=1 + n % 10)) for n in range(1000)]
    assert [answer.generation for answer in answers] == list(range(1, 1001))
    assert segmenter.prompts.answers == {PromptState.ACCEPTED: 1000}
    assert {p.object_id: p.generation for p in segmenter.prompts.active} == {
        1 + n % 10: n + 1 for n in range(990, 1000)
    }
    assert len(segmenter.step(picture()).masks) == 10


def test_what_cannot_become_a_prompt_is_refused_counted_and_touches_nothing(segmenter):
    before = segmenter.prompts.put(at())
    answer = segmenter.prompts.refuse(1, 'too old')
    assert answer == Answer(1, PromptState.REFUSED, 'too old')
    assert segmenter.prompts.answers[PromptState.REFUSED] == 1
    assert segmenter.prompts.active[0].generation == before.generation


def test_prompts_that_wait_are_answered_with_the_first_frame_and_only_then(engine):
    waiting = [Prompt.from_point(3, 3, object_id=4), Prompt.from_point(9000, 3, object_id=5)]
    segmenter = Segmenter(engine, initial=waiting)
    first = segmenter.step(picture())
    assert [(a.object_id, a.state) for a in first.started] == [
        (4, PromptState.ACCEPTED),
        (5, PromptState.REFUSED),
    ]
    assert 'is outside of the image' in first.started[1].reason
    assert [mask.prompt.object_id for mask in first.masks] == [4]
    assert segmenter.prompts.answers == {PromptState.ACCEPTED: 1, PromptState.REFUSED: 1}
    assert segmenter.step(picture()).started == ()


def test_prompts_that_wait_and_that_the_engine_cannot_do_are_refused_with_what_it_can(engine):
    waiting = [Prompt((Point(3, 3), Point(4, 4, positive=False)))]
    [answer] = Segmenter(engine, initial=waiting).step(picture()).started
    assert answer.reason == (
        "engine 'square' does not take negative points; it takes positive points, boxes, size steps"
    )


def test_clearing_takes_the_prompts_that_wait_too(engine):
    segmenter = Segmenter(engine, initial=[Prompt.from_point(3, 3)])
    assert segmenter.prompts.clear() == 1
    assert segmenter.step(picture()).started == ()


def test_an_object_ends_under_its_own_generation_only(segmenter):
    first = segmenter.prompts.put(at(object_id=7))
    second = segmenter.prompts.put(at(object_id=7))
    assert segmenter.prompts.end(7, first.generation, 'gone') is None
    assert segmenter.prompts.end(8, second.generation, 'gone') is None
    assert segmenter.prompts.end(7, second.generation, 'gone') == Answer(
        7, PromptState.LOST, 'gone', second.generation
    )
    assert not segmenter.prompts.active
    assert segmenter.prompts.answers[PromptState.LOST] == 1
