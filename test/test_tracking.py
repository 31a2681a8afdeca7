"""A bright disc on a dark picture is followed; the network is a threshold on red."""

import math

import cv2
import numpy as np
import pytest

from picosam_ros import Frame, Prompt, Segmenter
from picosam_ros.engines.base import Capabilities, EngineContext, Segmentation
from picosam_ros.mask import Mask
from picosam_ros.roi import Roi, crop
from picosam_ros.segmenter import State
from picosam_ros.tracking import Limits, Tracker

WIDTH, HEIGHT = 640, 480
DARK, BRIGHT, BLUE = (20, 40, 60), (240, 60, 40), (30, 40, 230)
SIDE = 120


def picture(x, y=240, radius=30, colour=BRIGHT):
    """Paint a disc."""
    pixels = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    pixels[...] = DARK
    centre, radius = (round(16 * x), round(16 * y)), round(16 * radius)
    cv2.circle(pixels, centre, radius, colour, -1, cv2.LINE_8, 4)
    return Frame(pixels)


EMPTY = picture(-500)


class Threshold(EngineContext):
    """What is red is the object, in the square around the prompt; every run is counted."""

    name = 'threshold'
    capabilities = Capabilities(negative_points=False, boxes=True, boxes_with_points=False)
    description, warning = {}, ''

    def __init__(self):
        self.runs = []

    def open(self):
        pass

    def close(self):
        pass

    def segment(self, frame, prompts):
        self.runs.append([prompt.object_id for prompt in prompts])
        return Segmentation(tuple(mask_of(frame, prompt) for prompt in prompts))


def mask_of(frame, prompt, *, channel=0, score=1.0):
    """Give what is bright in a channel of the prompt's square."""
    roi = Roi.choose(prompt, frame.width, frame.height)
    pixels = np.empty((96, 96, 3), np.uint8)
    crop(frame.pixels, roi, pixels)
    logits = (pixels[..., channel].astype(np.float32) - 128) / 16
    return Mask(prompt, logits, roi, frame.width, frame.height, 'threshold', score)


def begun(x=300, y=240, **limits):
    """Give a tracker that has seen a disc once, and the prompt that it was clicked with."""
    tracker = Tracker(Limits(**limits))
    prompt = Prompt.at(x, y, roi_size=SIDE)
    frame = picture(x, y)
    verdict = tracker.learn(frame, [mask_of(frame, prompt)])
    assert len(verdict.believed) == 1
    return tracker, prompt


def shown(tracker, prompt, frame, **mask):
    """Let the tracker see one frame more."""
    return tracker.learn(frame, [mask_of(frame, tracker.aim(prompt), **mask)])


def place(tracker, prompt):
    aimed = tracker.aim(prompt)
    [point] = aimed.points
    return point.x, point.y, aimed.roi_size


def follow(segmenter, path, *, start=None):
    """Click on the first place of a path, then give the result of each."""
    places = list(path)
    segmenter.step(picture(*places[0]))
    segmenter.put(lambda: Prompt.at(*places[0][:2], roi_size=SIDE))
    return [segmenter.step(picture(*place)) for place in places]


# Where it looks


def test_the_first_frame_takes_the_users_prompt_as_it_is():
    prompt = Prompt.at(300, 240, roi_size=SIDE)
    assert Tracker().aim(prompt) is prompt


def test_an_object_that_rests_is_looked_at_where_it_is_and_as_large_as_the_user_did():
    tracker, prompt = begun()
    for _ in range(60):
        shown(tracker, prompt, picture(300))
    assert place(tracker, prompt) == pytest.approx((300, 240, SIDE), abs=1.5)


def test_a_click_beside_the_middle_is_centred():
    tracker, prompt = Tracker(), Prompt.at(285, 252, roi_size=SIDE)
    frame = picture(300)
    tracker.learn(frame, [mask_of(frame, prompt)])
    assert place(tracker, prompt)[:2] == pytest.approx((300, 240), abs=1.5)


def test_the_aimed_prompt_is_of_the_same_object_and_generation():
    tracker, prompt = Tracker(), Prompt.at(300, 240, roi_size=SIDE, object_id=7)
    frame = picture(300)
    tracker.learn(frame, [mask_of(frame, prompt)])
    aimed = tracker.aim(prompt)
    assert (aimed.object_id, aimed.generation, aimed.box) == (7, prompt.generation, None)


@pytest.mark.parametrize(('dx', 'dy'), [(50, 0), (-50, 0), (0, 50), (0, -50)])
def test_in_one_frame_the_roi_moves_by_its_limit_at_most(dx, dy):
    tracker, prompt = begun(shift=0.1)
    shown(tracker, prompt, picture(300 + dx, 240 + dy))
    x, y, _ = place(tracker, prompt)
    expected = 300 + 0.1 * SIDE * np.sign(dx), 240 + 0.1 * SIDE * np.sign(dy)
    assert (x, y) == pytest.approx(expected, abs=0.5)


@pytest.mark.parametrize(('radius', 'factor'), [(55, 1.04), (12, 1 / 1.04)])
def test_in_one_frame_the_roi_grows_or_shrinks_by_its_limit_at_most(radius, factor):
    tracker, prompt = begun(growth=1.04)
    sides = [place(tracker, prompt)[2]]
    for _ in range(5):
        shown(tracker, prompt, picture(300, radius=radius))
        sides.append(place(tracker, prompt)[2])
    assert sides == pytest.approx([SIDE * factor**n for n in range(6)], abs=1)


@pytest.mark.parametrize('radius', [20, 50])
def test_in_the_end_the_object_fills_as_much_of_the_roi_as_at_the_beginning(radius):
    tracker, prompt = begun()
    for _ in range(120):
        shown(tracker, prompt, picture(300, radius=radius))
    assert place(tracker, prompt)[2] == pytest.approx(SIDE * radius / 30, rel=0.1)


def test_a_thin_leak_of_the_mask_moves_the_roi_little():
    tracker, prompt = begun()
    frame = picture(300)
    mask = mask_of(frame, tracker.aim(prompt))
    mask.logits[2:8, 20:] = 9
    tracker.learn(frame, [mask])
    assert place(tracker, prompt)[:2] == pytest.approx((300, 240), abs=1.5)


def test_an_object_that_fills_all_of_the_roi_does_no_harm():
    tracker, prompt = begun()
    for _ in range(20):
        assert shown(tracker, prompt, picture(300, radius=400)).believed
    x, y, side = place(tracker, prompt)
    assert (x, y) == pytest.approx((300, 240), abs=0.1 * SIDE)
    assert side > 1.5 * SIDE


# Doubt


@pytest.mark.parametrize(
    ('frame', 'mask', 'reason'),
    [
        (EMPTY, {}, 'the network sees nothing there'),
        (picture(300), {'score': 0.04}, 'the score fell to 0.04'),
        (picture(300, colour=BLUE), {'channel': 2}, 'what is there looks different'),
    ],
    ids=['nothing', 'unsure', 'another colour'],
)
def test_what_does_not_look_like_the_object_is_held_and_then_lost_with_the_reason(
    frame, mask, reason
):
    tracker, prompt = begun(patience=5)
    for _ in range(5):
        verdict = shown(tracker, prompt, frame, **mask)
        assert (verdict.believed, verdict.lost) == ((), ())
        [doubt] = verdict.held
        assert doubt.prompt.object_id == prompt.object_id
        assert doubt.reason.startswith(reason)
    verdict = shown(tracker, prompt, frame, **mask)
    assert (verdict.believed, verdict.held) == ((), ())
    assert verdict.lost[0].reason.startswith(f'not seen for 6 frames: {reason}')


def test_a_lost_object_is_forgotten():
    tracker, prompt = begun(patience=1)
    for _ in range(2):
        shown(tracker, prompt, EMPTY)
    assert tracker.aim(prompt) is prompt


def test_seen_again_it_has_all_its_patience_back():
    tracker, prompt = begun(patience=3)
    for _ in range(5):
        for _ in range(3):
            assert shown(tracker, prompt, EMPTY).held
        assert shown(tracker, prompt, picture(300)).believed


def test_an_object_that_was_never_seen_is_no_track_and_no_doubt():
    tracker, prompt = Tracker(), Prompt.at(300, 240, roi_size=SIDE)
    for _ in range(200):
        [mask] = shown(tracker, prompt, EMPTY).believed
        assert mask.empty
    assert tracker.aim(prompt) is prompt


# Search


def test_while_nothing_is_seen_the_roi_waits_and_grows_up_to_its_limit():
    tracker, prompt = begun(widen=1.1, widest=2.0)
    sides = []
    for _ in range(20):
        shown(tracker, prompt, EMPTY)
        x, y, side = place(tracker, prompt)
        assert (x, y) == pytest.approx((300, 240), abs=1)
        sides.append(side)
    assert sides[:3] == pytest.approx([SIDE * 1.1**n for n in (1, 2, 3)], abs=1)
    assert sides[-1] == pytest.approx(2 * SIDE, abs=1)


def test_an_object_that_comes_back_elsewhere_is_found_by_looking_wider():
    tracker, prompt = begun()
    for _ in range(40):
        shown(tracker, prompt, EMPTY)
    for _ in range(40):
        verdict = shown(tracker, prompt, picture(400, 200))
    assert verdict.believed
    assert place(tracker, prompt) == pytest.approx((400, 200, SIDE), abs=8)


def test_where_its_colours_are_is_looked_at_although_no_mask_is_believed():
    tracker, prompt = begun()
    shown(tracker, prompt, picture(340, 220), score=0.0)
    assert place(tracker, prompt)[:2] == pytest.approx((340, 220), abs=8)


# Beginnings and ends


def test_a_new_generation_starts_afresh():
    tracker, prompt = begun()
    shown(tracker, prompt, picture(330))
    newer = Prompt.at(100, 100, roi_size=64).refined(())
    newer = Prompt(newer.points, roi_size=64, generation=prompt.generation + 1)
    assert tracker.aim(newer) is newer
    frame = picture(100, 100, colour=BLUE)
    assert tracker.learn(frame, [mask_of(frame, newer, channel=2)]).believed
    assert place(tracker, newer) == pytest.approx((100, 100, 64), abs=2)


def test_what_is_not_kept_is_forgotten_and_the_rest_goes_on():
    tracker, prompt = begun()
    frame = picture(100)
    other = Prompt.at(100, 240, object_id=2, roi_size=SIDE)
    tracker.learn(frame, [mask_of(frame, other)])
    tracker.keep([2])
    assert tracker.aim(prompt) is prompt
    assert tracker.aim(other) is not other
    tracker.keep([])
    assert tracker.aim(other) is other


# With an engine


def test_there_is_one_run_for_each_object_and_frame():
    engine = Threshold()
    segmenter = Segmenter(engine, tracker=Tracker())
    segmenter.step(picture(300))
    for object_id in (1, 2):
        segmenter.put(lambda n=object_id: Prompt.at(290 + 10 * n, 240, object_id=n, roi_size=SIDE))
    engine.runs.clear()
    for frame in [picture(300 + n) for n in range(10)] + [EMPTY] * 10:
        segmenter.step(frame)
    assert engine.runs == [[1, 2]] * 20


def around(frames, turns=1):
    angles = np.linspace(0, 2 * math.pi * turns, frames)
    return [(320 + 200 * math.cos(a), 240 + 140 * math.sin(a)) for a in angles]


PATHS = {
    'to the right': [(60 + 5 * n, 240) for n in range(100)],
    'aslant': [(80 + 4 * n, 80 + 3 * n) for n in range(100)],
    'in circles': around(150),
    'closer': [(320, 240, 15 + n) for n in range(80)],
    'away': [(320, 240, 50 - 0.4 * n) for n in range(100)],
    'over the border and back': [(320 + 310 * math.sin(n / 30), 240) for n in range(180)],
}


@pytest.mark.parametrize('path', PATHS.values(), ids=PATHS)
def test_a_disc_is_followed_and_its_mask_stays_on_it(path):
    results = follow(Segmenter(Threshold(), tracker=Tracker()), path)
    for (x, y, *radius), result in zip(path, results, strict=True):
        [mask] = result.masks
        inside = picture(x, y, *radius).pixels[..., 0] > 128
        found = mask.to_image()
        assert np.count_nonzero(found & inside) > 0.9 * np.count_nonzero(found | inside)


def test_without_a_tracker_the_roi_stays_so_the_test_above_can_fail():
    results = follow(Segmenter(Threshold()), PATHS['to the right'])
    assert results[0].masks[0].area
    assert results[-1].masks[0].empty


def test_a_disc_that_hides_is_unanswered_and_comes_back_with_the_same_prompt():
    segmenter = Segmenter(Threshold(), tracker=Tracker())
    path = [(200 + 3 * n, 240) for n in range(30)] + [(-500, 240)] * 40 + [(320, 240)] * 20
    results = follow(segmenter, path)
    hidden = results[35:70]
    assert not any(result.masks for result in hidden)
    assert {result.unanswered[0].reason for result in hidden} == {'the network sees nothing there'}
    [mask] = results[-1].masks
    assert mask.prompt.generation == segmenter.prompts[0].generation
    assert mask.centroid == pytest.approx((320, 240), abs=1)


def test_a_disc_that_stays_away_is_lost_and_no_prompt_is_left():
    segmenter = Segmenter(Threshold(), tracker=Tracker(Limits(patience=10)))
    results = follow(segmenter, [(300, 240)] * 3 + [(-500, 240)] * 20)
    [lost] = [answer for result in results for answer in result.lost]
    assert lost.state is State.LOST
    assert lost.reason == 'not seen for 11 frames: the network sees nothing there'
    assert segmenter.prompts == ()
