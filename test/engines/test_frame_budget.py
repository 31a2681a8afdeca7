"""A frame has a budget of time, which its objects share, and work ends where nobody wants it."""

import math
import threading
from collections import Counter

import numpy as np
import pytest
from helpers.square_engine import PATIENCE, SquareEngine, at, picture

from picosam_ros.engines.frame_budget import (
    UNKNOWN_RATE_S,
    WAITS,
    FrameBudget,
    RoundRobin,
    frame_budget,
)
from picosam_ros.errors import PromptError
from picosam_ros.prompt import Point, Prompt
from picosam_ros.results import Segmentation
from picosam_ros.segmenter import Segmenter
from picosam_ros.tracking.tracker import Tracker


class SlowEngine(SquareEngine):
    """Each prompt takes a second of a clock that only this engine moves, in `runs` runs.

    `between` is called before every run but the first of a prompt.
    """

    def __init__(self):
        super().__init__()
        self.now = 0.0
        self.runs = 1
        self.seen = []
        self.between = lambda prompt: None

    def segment_frame(self, frame, prompts):
        masks, left = self.answer_each(prompts, lambda prompt: self._answer(frame, prompt))
        return Segmentation(masks, left)

    def _answer(self, frame, prompt):
        for run in range(self.runs):
            if run:
                self.between(prompt)
                self.check(prompt)
            self.seen.append((frame.stamp_ns, prompt.object_id))
            self.now += 1 / self.runs
        return self.mask(frame, prompt)


@pytest.fixture
def engine(monkeypatch):
    engine = SlowEngine()
    init = FrameBudget.__init__

    def with_its_clock(limit, *arguments):
        init(limit, *arguments, clock=lambda: engine.now)

    monkeypatch.setattr(FrameBudget, '__init__', with_its_clock)
    return engine


@pytest.fixture(params=[True, False], ids=['tracked', 'not tracked'])
def segmenter(engine, request):
    """Return one whose budget is enough for three objects of a frame."""
    tracker = Tracker() if request.param else None
    segmenter = Segmenter(engine, tracker=tracker, frame_budget=2.5)
    segmenter.step(picture())
    return segmenter


def ids(each):
    return [one.prompt.object_id for one in each]


def put(segmenter, *object_ids):
    for object_id in object_ids:
        segmenter.prompts.put(at(20 * object_id, object_id=object_id))


def test_new_objects_are_answered_in_order_and_the_others_wait_with_a_reason(segmenter):
    put(segmenter, *range(1, 6))
    first, second = segmenter.step(picture()), segmenter.step(picture())
    assert ids(first.masks) == [1, 2, 3]
    assert [(one.prompt.object_id, one.reason) for one in first.unanswered] == [
        (4, WAITS),
        (5, WAITS),
    ]
    # Followed ones first, and one new one in any case.
    assert ids(second.masks) == [1, 2, 3, 4]
    assert ids(second.unanswered) == [5]


def test_no_object_starves_however_many_there_are(segmenter):
    put(segmenter, *range(1, 21))
    frames = [ids(segmenter.step(picture()).masks) for _ in range(60)]
    counts = Counter(object_id for masks in frames[30:] for object_id in masks)
    assert sorted(counts) == list(range(1, 21))
    assert max(counts.values()) - min(counts.values()) <= 1


def test_objects_that_are_followed_have_a_mask_in_every_frame(segmenter):
    put(segmenter, *range(1, 21))
    while segmenter.step(picture()).unanswered:
        pass
    segmenter.frame_budget = 1e-9
    for _ in range(3):
        result = segmenter.step(picture())
        assert (ids(result.masks), result.unanswered) == ([*range(1, 21)], ())


def test_who_sends_a_new_prompt_for_every_frame_keeps_nobody_out(segmenter):
    segmenter.frame_budget = 0.5
    put(segmenter, *range(1, 6))
    answered = set()
    for _ in range(6):
        put(segmenter, 1)
        answered.update(ids(segmenter.step(picture()).masks))
    assert answered == {1, 2, 3, 4, 5}


def test_a_frame_answers_one_object_however_small_the_budget_is(segmenter):
    segmenter.frame_budget = 1e-9
    put(segmenter, 1)
    for _ in range(3):
        result = segmenter.step(picture())
        assert (ids(result.masks), result.unanswered) == ([1], ())


def test_without_a_budget_all_are_answered_in_the_order_in_which_they_came(engine):
    segmenter = Segmenter(engine)
    segmenter.step(picture())
    put(segmenter, *range(1, 21))
    for _ in range(2):
        assert ids(segmenter.step(picture()).masks) == list(range(1, 21))


def test_prompts_for_earlier_frames_wait_for_that_frame(segmenter, engine):
    earlier = picture(stamp_ns=1)
    for object_id in range(1, 6):
        segmenter.prompts.put(at(object_id=object_id), made_for=earlier)
    engine.seen.clear()
    results = [list(segmenter.process(picture(stamp_ns=2))) for _ in range(2)]
    (late, first), (later, _) = results
    assert [ids(result.masks) for result in (late, first, later)] == [[1, 2, 3], [1, 2, 3], [4, 5]]
    assert [(one.prompt.object_id, one.reason) for one in first.unanswered] == [
        (4, WAITS),
        (5, WAITS),
    ]
    answered_on = {object_id: stamp for stamp, object_id in reversed(engine.seen)}
    assert answered_on == dict.fromkeys(range(1, 6), 1)


def test_a_prompt_that_is_removed_while_it_is_worked_on_is_given_up(segmenter, engine):
    engine.runs = 10
    engine.between = lambda prompt: segmenter.prompts.remove(prompt.object_id)
    put(segmenter, 1)
    result = segmenter.step(picture())
    assert (result.masks, result.unanswered) == ((), ())
    assert len(engine.seen) == 1


def test_a_call_that_is_interrupted_between_two_runs_leaves_the_rest_unanswered(engine):
    engine.runs = 10
    segmenter = Segmenter(engine)
    engine.between = lambda _: segmenter.interrupt()
    made = segmenter.segment(picture(), [at(object_id=n) for n in (1, 2)])
    assert not made.masks
    assert [(one.prompt.object_id, one.reason) for one in made.unanswered] == [
        (1, 'interrupted'),
        (2, 'interrupted'),
    ]
    assert len(engine.seen) == 1
    engine.between = lambda _: None
    segmenter.interrupt(False)
    assert len(segmenter.segment(picture(), [at()])) == 1


def test_a_call_of_segment_takes_turns_with_the_frames(engine):
    segmenter = Segmenter(engine)
    segmenter.step(picture())
    put(segmenter, 1)
    engine.runs = 2
    results = []
    thread = threading.Thread(target=lambda: results.append(segmenter.step(picture(stamp_ns=9))))

    def frame_comes(_):
        if not results and not thread.ident:
            thread.start()
            while not segmenter._engine_lock.wanted:
                thread.join(0.001)

    engine.between = frame_comes
    engine.seen.clear()
    made = segmenter.segment(picture(stamp_ns=5), [at(object_id=n) for n in range(1, 5)])
    thread.join(PATIENCE)
    assert ids(made.masks) == [1, 2, 3, 4]
    assert not made.unanswered
    # It comes between two runs for one prompt.
    assert [stamp for stamp, _ in engine.seen] == [5] + [9] * 2 + [5] * 7
    assert len(results[0].masks) == 1


# Limits


def test_a_call_with_more_prompts_than_there_are_ids_is_refused(engine):
    prompts = [at(object_id=1 + n % 254) for n in range(255)]
    sentence = '255 prompts were given in one call; allowed are up to 254'
    for segment in (Segmenter(engine).segment, engine.segment):
        with pytest.raises(PromptError, match=sentence):
            segment(picture(), prompts)
    assert len(engine.segment(picture(), prompts[:254])) == 254


def many(count):
    return Prompt(tuple(Point(n, n) for n in range(count)))


def test_a_prompt_with_too_many_points_is_refused_wherever_it_comes_from(engine):
    sentence = '65 points were given for object 1; allowed are up to 64'
    segmenter = Segmenter(engine)
    for segment in (segmenter.segment, engine.segment):
        with pytest.raises(PromptError, match=sentence):
            segment(picture(), [many(65)])
        assert len(segment(picture(), [many(64)])) == 1
    segmenter.step(picture())
    assert sentence in segmenter.prompts.put(many(65)).reason
    assert not segmenter.prompts.put(many(64)).reason
    started = Segmenter(engine, initial=[many(65)]).step(picture()).started
    assert sentence in started[0].reason


def test_the_points_of_all_refinements_count(engine):
    segmenter = Segmenter(engine, max_points=3)
    segmenter.step(picture())
    segmenter.prompts.put(many(2))
    assert not segmenter.prompts.refine(1, [Point(5, 5)]).reason
    assert '4 points were given' in segmenter.prompts.refine(1, [Point(6, 6)]).reason
    assert len(segmenter.prompts.active[0].points) == 3


def test_the_masks_of_a_large_call_hold_no_pixels_of_the_image(engine):
    made = Segmenter(engine).segment(picture(), [at(object_id=n) for n in range(1, 9)])
    assert not any('region' in vars(mask) for mask in made)
    assert all(mask.area for mask in made)


# The budget


def test_without_a_number_it_is_two_periods_of_the_stream():
    assert frame_budget(0.0, 10.0) == pytest.approx(0.2)
    assert frame_budget(0.05, 10.0) == 0.05
    assert frame_budget(0.0, math.nan) == UNKNOWN_RATE_S


def test_waiting_for_the_engine_takes_nothing_of_it():
    now = [0.0]
    limit = FrameBudget(RoundRobin(), lambda _: True, 1.0, clock=lambda: now[0])
    now[0] = 5.0
    limit.begin()
    assert [limit.reason_to_wait(at(object_id=n)) for n in (1, 2)] == ['', '']
    now[0] = 6.0
    assert limit.reason_to_wait(at(object_id=3)) == WAITS


def test_results_are_the_same_with_a_budget_that_does_not_strike():
    frames = [picture(stamp_ns=n) for n in range(4)]

    def masks(budget):
        segmenter = Segmenter(SquareEngine(), tracker=Tracker(), frame_budget=budget)
        segmenter.step(frames[0])
        put(segmenter, 3, 1, 2)
        return [segmenter.step(frame).masks for frame in frames]

    for limited, free in zip(masks(1e6), masks(math.inf), strict=True):
        assert ids(limited) == ids(free) == [3, 1, 2]
        for one, other in zip(limited, free, strict=True):
            np.testing.assert_array_equal(one.logits, other.logits)
            assert one.roi == other.roi
