"""A fast engine that is wrong, and a slow one that is right and waits for the test."""

import os
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from helpers.discs import SIDE, Threshold, mask_of, picture
from helpers.exported import write_pair

from picosam_ros import Frame, Point, Prompt, Segmenter
from picosam_ros.engines import make_engine, open_engine
from picosam_ros.engines.base import Capabilities, Engine
from picosam_ros.engines.cascade import NICENESS, CascadeEngine
from picosam_ros.errors import EngineError
from picosam_ros.results import Segmentation
from picosam_ros.tracking.tracker import OBJECT_SHARE, Tracker

PATIENCE = 30.0


class Slow(Engine):
    """Answers when the gate lets it, with what is red, and notes what it was asked."""

    name = 'slow'
    capabilities = Capabilities(negative_points=True, boxes=True, boxes_with_points=True)
    description, warning = {'model': 'large'}, ''

    def __init__(self):
        self.asked = []
        self.faults = []
        self.begun = threading.Semaphore(0)
        self.gate = threading.Semaphore(0)
        self.opened = 0

    def open(self):
        self.opened += 1

    def close(self):
        self.opened -= 1

    def segment_frame(self, frame, prompts):
        self.asked.append((frame, list(prompts)))
        self.niceness = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        self.begun.release()
        assert self.gate.acquire(timeout=PATIENCE)
        if self.faults:
            raise self.faults.pop(0)
        return Segmentation(tuple(replace(mask_of(frame, p), engine=self.name) for p in prompts))


@pytest.fixture
def slow():
    return Slow()


@pytest.fixture
def cascade(slow):
    with CascadeEngine(fast=Threshold(), slow=slow) as engine:
        yield engine
        slow.gate.release(1000)


def at(x, y=240, generation=1, **more):
    return replace(Prompt.from_point(x, y, roi_size=SIDE, **more), generation=generation)


def wait_for_the_question(slow):
    assert slow.begun.acquire(timeout=PATIENCE)


def let_it_answer(cascade, slow):
    slow.gate.release()
    wait_for_an_answer(cascade)


def wait_for_an_answer(cascade):
    idle = threading.Event()
    for _ in range(int(PATIENCE / 0.01)):
        if cascade._finished is not None:
            return
        idle.wait(0.01)
    pytest.fail('the slow engine did not answer')


def corrections(cascade, slow, frame, prompts):
    """Let the slow engine answer, and give what comes of it with this frame."""
    let_it_answer(cascade, slow)
    return cascade.segment(frame, prompts).corrections


def test_every_frame_is_answered_at_once_while_the_slow_engine_is_at_it(cascade, slow):
    for x in range(300, 400, 5):
        made = cascade.segment(picture(x), [at(x)])
        assert [mask.engine for mask in made.masks] == ['threshold']
        assert made.corrections == ()
    wait_for_the_question(slow)
    assert len(slow.asked) == 1


def test_a_correction_tells_its_frame_and_its_maker_and_comes_once(cascade, slow):
    first = picture(300)
    cascade.segment(first, [at(300)])
    wait_for_the_question(slow)
    [correction] = corrections(cascade, slow, picture(300), [at(300)])
    assert correction.frame is first
    assert correction.by_user
    assert correction.mask.engine == 'slow'
    assert correction.mask.prompt == at(300)
    assert cascade.segment(picture(300), [at(300)]).corrections == ()


def test_a_correction_is_carried_along_with_what_the_masks_show_of_the_motion(cascade, slow):
    cascade.segment(picture(300, radius=20), [at(300)])
    wait_for_the_question(slow)
    for n in range(1, 11):
        cascade.segment(picture(300 + 6 * n, 240 - 3 * n, 20 + n), [at(300 + 6 * n, 240 - 3 * n)])
    [correction] = corrections(cascade, slow, picture(360, 210, 30), [at(360, 210)])
    assert correction.since(300, 240) == pytest.approx((360, 210), abs=1)
    assert correction.since.scale_x == pytest.approx(1.5, rel=0.05)


def test_frames_without_a_mask_do_not_end_the_path(cascade, slow):
    cascade.segment(picture(300), [at(300)])
    wait_for_the_question(slow)
    cascade.segment(picture(-500), [at(300)])
    [correction] = corrections(cascade, slow, picture(330), [at(330)])
    assert correction.since(300, 240) == pytest.approx((330, 240), abs=1)


def test_where_a_correction_made_the_mask_jump_nothing_moved(cascade, slow):
    cascade.segment(picture(300), [at(300)])
    wait_for_the_question(slow)
    assert corrections(cascade, slow, picture(300), [at(300)])
    wait_for_the_question(slow)
    # The corrected ROI shows something else, which then rests.
    cascade.segment(picture(340, radius=15), [at(340)])
    [correction] = corrections(cascade, slow, picture(340, radius=15), [at(340)])
    assert correction.since(300, 240) == pytest.approx((300, 240), abs=1)


def test_what_users_prompted_comes_first_and_on_its_own_frame(cascade, slow):
    first, second = picture(300), picture(320)
    one, other = at(300), at(320, object_id=2, generation=2)
    cascade.segment(first, [one])
    wait_for_the_question(slow)
    cascade.segment(second, [one, other])
    for _ in range(5):
        cascade.segment(picture(330), [one, other])
    corrections(cascade, slow, picture(330), [one, other])
    wait_for_the_question(slow)
    frame, prompts = slow.asked[1]
    assert frame is second
    assert prompts == [other]


def test_afterwards_the_newest_frame_is_asked_about_with_the_box_of_the_fast_mask(cascade, slow):
    cascade.segment(picture(300), [at(300)])
    wait_for_the_question(slow)
    for x in (310, 320):
        cascade.segment(picture(x), [at(x)])
    newest = picture(330)
    assert corrections(cascade, slow, newest, [at(330)])
    wait_for_the_question(slow)
    frame, [prompt] = slow.asked[1]
    assert frame is newest
    assert (prompt.object_id, prompt.generation, prompt.points) == (1, 1, ())
    assert prompt.box.centre == pytest.approx((330, 240), abs=1)
    assert prompt.box.long_side == pytest.approx(61, abs=3)
    [correction] = corrections(cascade, slow, picture(330), [at(330)])
    assert not correction.by_user


def test_a_correction_of_an_older_generation_is_thrown_away_and_counted(cascade, slow):
    cascade.segment(picture(300), [at(300)])
    wait_for_the_question(slow)
    newer = at(300, generation=2)
    assert corrections(cascade, slow, picture(300), [newer]) == ()
    assert cascade.description['corrections outdated'] == '1'
    wait_for_the_question(slow)
    assert slow.asked[1][1] == [newer]


def test_so_is_one_of_an_image_of_another_size(cascade, slow):
    cascade.segment(picture(300), [at(300)])
    wait_for_the_question(slow)
    smaller = Frame(np.ascontiguousarray(picture(300).pixels[:400]))
    assert corrections(cascade, slow, smaller, [at(300)]) == ()
    assert cascade.description['corrections outdated'] == '1'


def test_prompts_may_be_what_only_the_slow_engine_takes(cascade, slow):
    assert cascade.capabilities == slow.capabilities
    prompt = replace(at(300), points=(Point(300, 240), Point(350, 240, positive=False)))
    [mask] = cascade.segment(picture(300), [prompt]).masks
    assert mask.area
    assert mask.prompt is prompt
    wait_for_the_question(slow)
    assert slow.asked[0][1] == [prompt]


def test_an_image_of_a_service_is_none_of_the_slow_engines_business(cascade, slow):
    cascade.segment(picture(300), [at(300, generation=0), at(200, generation=0)])
    cascade.segment(picture(300), [at(300)])
    wait_for_the_question(slow)
    assert slow.asked[0][1] == [at(300)]


@pytest.mark.parametrize(
    ('error', 'told'),
    [(EngineError('out of memory'), 'out of memory'), (KeyError('x'), "KeyError: 'x'")],
)
def test_a_slow_engine_that_fails_is_told_and_the_fast_one_goes_on(cascade, slow, error, told):
    slow.faults.append(error)
    cascade.segment(picture(300), [at(300)])
    wait_for_the_question(slow)
    assert corrections(cascade, slow, picture(300), [at(300)]) == ()
    wait_for_the_question(slow)
    assert cascade.warning == f'no corrections by slow: {told}'
    assert corrections(cascade, slow, picture(300), [at(300)])
    assert cascade.warning == ''


def test_a_slow_thread_that_fails_before_its_engine_is_told_and_tries_again(
    cascade, slow, monkeypatch
):
    failed = threading.Event()

    def refuse(*_):
        failed.set()
        raise PermissionError(1, 'Operation not permitted')

    with monkeypatch.context() as patch:
        patch.setattr(os, 'setpriority', refuse)
        cascade.segment(picture(300), [at(300)])
        assert failed.wait(PATIENCE)
        wait_for_an_answer(cascade)
        assert cascade.segment(picture(300), [at(300)]).corrections == ()
    cascade.close()
    assert cascade.warning.startswith('no corrections by slow: PermissionError: ')
    cascade.open()
    cascade.segment(picture(300), [at(300, generation=2)])
    wait_for_the_question(slow)
    assert corrections(cascade, slow, picture(300), [at(300, generation=2)])
    assert cascade.warning == ''


def workers():
    return {each for each in threading.enumerate() if each.name == 'picosam_worker'}


def test_closing_ends_the_thread_and_both_engines_and_it_can_be_opened_again(slow):
    engine = CascadeEngine(fast=Threshold(), slow=slow)
    before = workers()
    for _ in range(2):
        with engine:
            [thread] = workers() - before
            engine.segment(picture(300), [at(300)])
            wait_for_the_question(slow)
            slow.gate.release()
        assert not thread.is_alive()
        assert slow.opened == 0


def test_the_slow_engines_thread_leaves_the_cores_to_the_fast_one(cascade, slow):
    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    cascade.segment(picture(300), [at(300)])
    wait_for_the_question(slow)
    assert slow.niceness == NICENESS > before
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before


def test_the_description_tells_both_engines(cascade):
    assert cascade.description['slow model'] == 'large'
    assert cascade.description['corrections'] == '0'


def test_without_the_files_of_edgesam_the_sentence_tells_what_is_missing():
    with pytest.raises(EngineError, match=r'two \.onnx files of yours'):
        make_engine('cascade')


# With prompts and tracker


def test_an_roi_that_was_far_too_large_fits_the_object_after_the_correction(cascade, slow):
    segmenter = Segmenter(cascade, tracker=Tracker())
    segmenter.step(picture(300, radius=20))
    segmenter.prompts.put(Prompt.from_point(300, 240, roi_size=400))
    segmenter.step(picture(300, radius=20))
    wait_for_the_question(slow)
    before = segmenter.step(picture(310, radius=20)).masks[0].roi.width
    let_it_answer(cascade, slow)
    _, late = segmenter.process(picture(320, radius=20))
    assert late.late
    assert [mask.engine for mask in late.masks] == ['slow']
    [mask] = segmenter.step(picture(320, radius=20)).masks
    assert before > 300
    assert mask.roi.width == pytest.approx(41 / OBJECT_SHARE, abs=4)
    assert mask.centroid == pytest.approx((320, 240), abs=1)


def test_corrections_of_an_object_that_was_removed_are_left_out(cascade, slow):
    segmenter = Segmenter(cascade, tracker=Tracker())
    segmenter.step(picture(300))
    segmenter.prompts.put(Prompt.from_point(300, 240, roi_size=SIDE))
    segmenter.step(picture(300))
    wait_for_the_question(slow)
    segmenter.prompts.remove(1)
    let_it_answer(cascade, slow)
    assert not any(result.late for result in segmenter.process(picture(300)))


def test_edgesam_corrects_picosam(tmp_path):
    files = write_pair(tmp_path).options
    frame = picture(300)
    prompt = replace(at(300), points=(Point(300, 240), Point(420, 300, positive=False)))
    with open_engine('cascade', **files, threads=1) as cascade:
        [mask] = cascade.segment(frame, [prompt]).masks
        assert mask.engine == 'host'
        wait_for_an_answer(cascade)
        [correction] = cascade.segment(frame, [prompt]).corrections
    assert correction.mask.engine == 'edgesam'
    with open_engine('edgesam', **files) as alone:
        [expected] = alone.segment(frame, [prompt]).masks
    np.testing.assert_array_equal(correction.mask.logits, expected.logits)


def test_the_slow_engine_gives_up_a_prompt_that_was_replaced_meanwhile(cascade, slow):
    first, newer = at(300), replace(at(300), generation=at(300).generation + 1)
    cascade.segment_frame(picture(300), [first])
    wait_for_the_question(slow)
    slow.check(first)
    cascade.segment_frame(picture(300), [newer])
    with pytest.raises(EngineError, match='replaced or removed meanwhile'):
        slow.check(first)
    slow.check(newer)


def test_closing_ends_the_work_of_the_slow_engine_between_two_runs(slow):
    engine = CascadeEngine(fast=Threshold(), slow=slow)
    engine.open()
    engine.segment_frame(picture(300), [at(300)])
    wait_for_the_question(slow)
    closing = threading.Thread(target=engine.close)
    closing.start()
    deadline = time.monotonic() + PATIENCE
    while not slow.interrupted and time.monotonic() < deadline:
        closing.join(0.01)
    assert slow.interrupted
    slow.gate.release()
    closing.join(PATIENCE)
    assert not slow.interrupted
