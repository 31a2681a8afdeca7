import threading
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from picosam_ros.engines.base import Capabilities, Engine
from picosam_ros.engines.squares import square_for
from picosam_ros.errors import PromptError
from picosam_ros.frame import Frame
from picosam_ros.latency import Timing
from picosam_ros.mask import Mask
from picosam_ros.prompt import Box, Point, Prompt
from picosam_ros.results import Answer, PromptState, Segmentation, Unanswered
from picosam_ros.segmenter import Segmenter, follow
from picosam_ros.tracking.observation import ColourModel
from picosam_ros.tracking.tracker import Tracker

PATIENCE = 10.0


class SquareEngine(Engine):
    """Every object fills its ROI, except those that it is told to leave unanswered."""

    name = 'square'
    capabilities = Capabilities(negative_points=False, boxes=True, boxes_with_points=False)

    def __init__(self) -> None:
        self.unanswered_ids = set()
        self.busy = threading.Lock()
        self.begun = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    @property
    def description(self):
        return {'model': 'none'}

    def open(self):
        pass

    def close(self):
        pass

    def segment_frame(self, frame, prompts):
        assert self.busy.acquire(blocking=False), 'two threads use the engine at a time'
        self.begun.set()
        assert self.gate.wait(PATIENCE)
        self.busy.release()
        answered = [p for p in prompts if p.object_id not in self.unanswered_ids]
        left = [p for p in prompts if p.object_id in self.unanswered_ids]
        return Segmentation(
            tuple(self.mask(frame, prompt) for prompt in answered),
            tuple(Unanswered(prompt, 'no tensor') for prompt in left),
            Timing(inference=5.0),
        )

    def mask(self, frame, prompt):
        roi = square_for(prompt, frame.width, frame.height)
        logits = np.ones((8, 8), np.float32)
        return Mask(prompt, logits, roi, frame.width, frame.height, self.name, 1.0)


def picture(width=640, height=480, stamp_ns=0):
    return Frame.from_array(np.zeros((height, width, 3), np.uint8), stamp_ns=stamp_ns)


def at(x=100, y=100, **options):
    return Prompt.from_point(x, y, **options)


def late(segmenter, frame):
    """Process a frame; return the results for earlier ones."""
    return [result for result in segmenter.process(frame) if result.late]


@pytest.fixture
def engine():
    return SquareEngine()


@pytest.fixture
def segmenter(engine):
    """Return a segmenter that has seen a 640×480 image."""
    segmenter = Segmenter(engine)
    segmenter.step(picture())
    return segmenter


@contextmanager
def working_on(segmenter, frame):
    """Give the result, in a list, of a step that is in the engine while the block runs."""
    engine, results = segmenter.engine, []
    engine.begun.clear()
    engine.gate.clear()
    thread = threading.Thread(target=lambda: results.append(segmenter.step(frame)), daemon=True)
    thread.start()
    assert engine.begun.wait(PATIENCE)
    try:
        yield results
    finally:
        engine.gate.set()
        thread.join(PATIENCE)


# Prompts and their answers


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
    assert answer.reason == 'object 7 was given; objects that are segmented now: 2, 5'


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


# Frames


def test_a_prompt_that_the_engine_could_not_answer_is_not_an_empty_mask(segmenter, engine):
    segmenter.prompts.put(at(object_id=1))
    segmenter.prompts.put(at(object_id=2))
    engine.unanswered_ids = {1}
    result = segmenter.step(picture())
    assert [mask.prompt.object_id for mask in result.masks] == [2]
    assert [(u.prompt.object_id, u.reason) for u in result.unanswered] == [(1, 'no tensor')]
    assert len(segmenter.prompts.active) == 2


def test_a_mask_of_a_prompt_that_was_replaced_meanwhile_is_left_out(segmenter):
    segmenter.prompts.put(at(object_id=1))
    segmenter.prompts.put(at(object_id=2))
    with working_on(segmenter, picture()) as results:
        assert segmenter.prompts.put(at(x=300, object_id=1)).state is PromptState.ACCEPTED
    assert [mask.prompt.object_id for mask in results[0].masks] == [2]
    masks = segmenter.step(picture()).masks
    assert [(mask.prompt.object_id, mask.prompt.generation) for mask in masks] == [(1, 3), (2, 2)]


@pytest.mark.parametrize(
    'act', [lambda s: s.prompts.remove(1), lambda s: s.prompts.clear()], ids=['remove', 'clear']
)
def test_a_mask_of_a_prompt_that_was_removed_meanwhile_is_left_out(segmenter, act):
    segmenter.prompts.put(at(object_id=1))
    with working_on(segmenter, picture()) as results:
        act(segmenter)
    assert results[0].masks == ()


def test_when_the_image_size_changes_prompts_outside_are_lost_and_the_others_stay(segmenter):
    segmenter.prompts.put(at(x=100, object_id=1))
    segmenter.prompts.put(at(x=600, object_id=2))
    segmenter.prompts.put(Prompt.from_box(Box(300, 10, 400, 50), object_id=3))
    result = segmenter.step(picture(320, 240))
    [lost] = result.lost
    assert (lost.object_id, lost.state, lost.generation) == (2, PromptState.LOST, 2)
    assert '640×480' in lost.reason
    assert '320×240' in lost.reason
    assert '(600, 100) is outside' in lost.reason
    assert [mask.prompt.object_id for mask in result.masks] == [1, 3]
    assert segmenter.prompts.active[1].box == Box(300, 10, 319, 50)
    assert segmenter.step(picture(320, 240)).lost == ()
    assert segmenter.prompts.put(at(x=600)).state is PromptState.REFUSED


def test_segment_answers_its_own_prompts_and_touches_nothing_else(segmenter):
    segmenter.prompts.put(at(object_id=1))
    before = segmenter.prompts.active
    masks = segmenter.segment(picture(100, 50), [Prompt.from_box(Box(-5, 0, 20, 20), object_id=9)])
    assert [mask.prompt.box for mask in masks] == [Box(0, 0, 20, 20)]
    assert segmenter.prompts.active == before
    assert segmenter.step(picture()).lost == ()


def test_segment_works_before_the_first_frame(engine):
    assert len(Segmenter(engine).segment(picture(), [Prompt.from_point(3, 3)])) == 1


@pytest.mark.parametrize(
    'prompt', [Prompt.from_point(640, 3), Prompt((Point(1, 1), Point(2, 2, positive=False)))]
)
def test_segment_raises_what_a_prompt_would_be_refused_for(segmenter, prompt):
    with pytest.raises(PromptError):
        segmenter.segment(picture(), [prompt])


# Threads


def test_prompts_are_answered_while_the_engine_works(segmenter):
    with working_on(segmenter, picture()) as results:
        assert segmenter.prompts.put(at(object_id=5)).state is PromptState.ACCEPTED
        assert len(segmenter.prompts.active) == 1
        assert not results


def test_step_and_segment_wait_for_each_other(segmenter):
    masks = []
    with working_on(segmenter, picture()):
        other = threading.Thread(
            target=lambda: masks.extend(segmenter.segment(picture(), [Prompt.from_point(1, 1)])),
            daemon=True,
        )
        other.start()
        other.join(0.02)
        assert not masks
    other.join(PATIENCE)
    assert len(masks) == 1


def test_four_threads_may_prompt_while_a_fifth_steps(segmenter):
    answers = []

    def prompt(thread):
        for n in range(200):
            object_id = 1 + thread * 4 + n % 4
            answers.append(segmenter.prompts.put(at(x=n, object_id=object_id)))
            if n % 10 == 9:
                answers.append(segmenter.prompts.remove(object_id))

    threads = [threading.Thread(target=prompt, args=(n,), daemon=True) for n in range(4)]
    for thread in threads:
        thread.start()
    seen = set()
    while any(thread.is_alive() for thread in threads):
        masks = segmenter.step(picture()).masks
        assert len({mask.prompt.object_id for mask in masks}) == len(masks)
        seen |= {(mask.prompt.object_id, mask.prompt.generation) for mask in masks}
    assert segmenter.prompts.answers == {PromptState.ACCEPTED: 4 * 220}
    put = [(a.object_id, a.generation) for a in answers if a.reason != 'removed']
    assert len({generation for _, generation in put}) == 800
    assert seen <= set(put)
    newest = dict(sorted(put, key=lambda pair: pair[1]))
    assert all(newest[p.object_id] == p.generation for p in segmenter.prompts.active)


class SharpEngine(SquareEngine):
    """Remembers which frames were looked at for which objects."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def segment_frame(self, frame, prompts):
        self.seen.append((frame.stamp_ns, [prompt.object_id for prompt in prompts]))
        self.from_sensor = frame.from_sensor
        return super().segment_frame(frame, prompts)


def test_a_prompt_for_an_earlier_frame_is_answered_on_that_frame_and_then_on_the_next():
    engine = SharpEngine()
    segmenter = Segmenter(engine)
    earlier, newest = picture(stamp_ns=1), picture(stamp_ns=2)
    segmenter.step(earlier)
    answer = segmenter.prompts.put(at(object_id=5), made_for=earlier)
    segmenter.prompts.put(at(object_id=6))
    first, second = segmenter.process(newest)
    assert (first.frame, first.late) == (earlier, True)
    assert [(m.prompt.object_id, m.prompt.generation) for m in first.masks] == [
        (5, answer.generation)
    ]
    assert (second.frame, second.late) == (newest, False)
    assert [mask.prompt.object_id for mask in second.masks] == [5, 6]
    assert engine.seen == [(1, []), (1, [5]), (2, [5, 6])]
    assert not late(segmenter, newest)


def test_a_prompt_for_the_frame_of_the_next_step_is_answered_there_only(segmenter):
    newest = picture(stamp_ns=2)
    segmenter.prompts.put(at(), made_for=newest)
    [result] = segmenter.process(newest)
    assert len(result.masks) == 1
    assert not late(segmenter, picture(stamp_ns=3))


def test_prompts_for_the_same_earlier_frame_are_answered_together(segmenter):
    earlier = picture(stamp_ns=1)
    for object_id in (1, 2, 3):
        segmenter.prompts.put(at(object_id=object_id), made_for=earlier)
    [result] = late(segmenter, picture(stamp_ns=2))
    assert [mask.prompt.object_id for mask in result.masks] == [1, 2, 3]


def test_a_prompt_that_was_replaced_or_removed_is_not_answered_on_its_earlier_frame(segmenter):
    earlier = picture(stamp_ns=1)
    for object_id in (1, 2):
        segmenter.prompts.put(at(object_id=object_id), made_for=earlier)
    segmenter.prompts.put(at(object_id=1))
    segmenter.prompts.remove(2)
    assert not late(segmenter, picture(stamp_ns=2))


def test_an_earlier_frame_that_the_engine_cannot_answer_leaves_it_to_the_next(segmenter, engine):
    engine.unanswered_ids = {1}
    segmenter.prompts.put(at(), made_for=picture(stamp_ns=1))
    assert not late(segmenter, picture(stamp_ns=2))
    engine.unanswered_ids = set()
    assert len(segmenter.step(picture(stamp_ns=2)).masks) == 1


def test_an_earlier_frame_of_another_size_is_not_looked_at(segmenter):
    segmenter.prompts.put(at(), made_for=picture(width=99, stamp_ns=1))
    [result] = segmenter.process(picture(stamp_ns=2))
    assert len(result.masks) == 1


def test_refining_may_be_meant_for_an_earlier_frame_too(segmenter):
    segmenter.prompts.put(at())
    earlier = picture(stamp_ns=1)
    segmenter.prompts.refine(1, [Point(9, 9)], made_for=earlier)
    [result] = late(segmenter, picture(stamp_ns=2))
    assert len(result.masks[0].prompt.points) == 2


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
        "engine 'square' does not take negative points; it takes positive points, boxes"
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


def test_a_sensor_is_not_asked_about_a_frame_that_is_over():
    segmenter = Segmenter(engine := SharpEngine())
    earlier = replace(picture(stamp_ns=1), no_output='none')
    segmenter.step(earlier)
    assert engine.from_sensor
    segmenter.prompts.put(at(), made_for=earlier)
    [result] = late(segmenter, picture(stamp_ns=2))
    assert not engine.from_sensor
    assert result.frame is earlier


def test_a_replaced_object_is_looked_for_in_its_earlier_frame_where_the_new_prompt_says():
    class Aimed(SquareEngine):
        def segment_frame(self, frame, prompts):
            self.prompts = list(prompts)
            return super().segment_frame(frame, prompts)

    segmenter = Segmenter(engine := Aimed(), tracker=Tracker())
    earlier = picture(stamp_ns=1)
    segmenter.step(earlier)
    segmenter.prompts.put(at(100, 100))
    segmenter.step(picture(stamp_ns=2))
    answer = segmenter.prompts.put(at(500, 400), made_for=earlier)
    [result] = late(segmenter, picture(stamp_ns=3))
    [mask] = result.masks
    assert mask.prompt.generation == answer.generation
    assert mask.roi.x + mask.roi.width / 2 == pytest.approx(500, abs=1)
    segmenter.step(picture(stamp_ns=3))
    [followed] = engine.prompts
    assert (followed.points[0].x, followed.points[0].y) == pytest.approx((500, 400), abs=2)
    assert followed.roi_size == mask.roi.width


def test_the_tracker_learns_once_the_result_was_taken_and_at_the_latest_with_the_next(monkeypatch):
    learnt = []
    monkeypatch.setattr(ColourModel, 'learn', lambda *_: learnt.append(1))
    segmenter = Segmenter(SquareEngine(), tracker=Tracker())
    segmenter.step(picture())
    segmenter.prompts.put(at())
    segmenter.step(picture())
    results = segmenter.process(picture())
    next(results)
    assert len(learnt) == 0
    assert next(results, None) is None
    assert len(learnt) == 1
    next(segmenter.process(picture()))
    assert len(learnt) == 1
    next(segmenter.process(picture()))
    assert len(learnt) == 2


def test_results_for_earlier_frames_come_before_the_engine_sees_the_next():
    segmenter = Segmenter(engine := SharpEngine())
    segmenter.step(picture(stamp_ns=1))
    segmenter.prompts.put(at(object_id=5), made_for=picture(stamp_ns=1))
    assert next(segmenter.process(picture(stamp_ns=2))).late
    assert engine.seen == [(1, []), (1, [5])]


def test_an_array_is_processed_as_the_frame_around_it(segmenter):
    segmenter.prompts.put(at())
    grey = np.zeros((480, 640), np.uint8)
    assert len(segmenter.step(grey).masks) == 1
    assert len(segmenter.segment(grey, [at(object_id=9)])) == 1


# Following through a video


def test_objects_are_followed_through_frames_from_their_first_prompt_on(engine):
    results = list(follow(engine, [at(object_id=4)], [picture(stamp_ns=n) for n in range(3)]))
    assert [result.frame.stamp_ns for result in results] == [0, 1, 2]
    assert [[mask.prompt.object_id for mask in result.masks] for result in results] == [[4]] * 3


def test_a_first_prompt_that_is_refused_ends_the_following_with_its_reason(engine):
    with pytest.raises(PromptError, match=r'object 4: point .* is outside of the image'):
        list(follow(engine, [at(9000, object_id=4)], [picture()]))


def test_results_print_as_one_line_without_pixels(segmenter):
    segmenter.prompts.put(Prompt.from_point(100, 100, object_id=4))
    result = segmenter.step(picture(stamp_ns=5))
    assert repr(result) == f'Result({result.frame}, masks=[4], unanswered=[])'
    made = segmenter.segment(picture(), [Prompt.from_point(3, 3, object_id=9)])
    assert repr(made) == 'Segmentation(masks=[9], unanswered=[])'
