import threading

import numpy as np
import pytest
from helpers.square_engine import PATIENCE, SquareEngine, at, picture, working_on

from picosam_ros.errors import PromptError
from picosam_ros.prompt import Box, Point, Prompt
from picosam_ros.results import PromptState
from picosam_ros.segmenter import Segmenter, follow
from picosam_ros.tracking.observation import ColourModel
from picosam_ros.tracking.tracker import Tracker


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


def test_an_array_is_processed_as_the_frame_around_it(segmenter):
    segmenter.prompts.put(at())
    grey = np.zeros((480, 640), np.uint8)
    assert len(segmenter.step(grey).masks) == 1
    assert len(segmenter.segment(grey, [at(object_id=9)])) == 1


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
