"""A disc is followed by segmenter, tracker and engine together."""

import math

import numpy as np
import pytest
from helpers.discs import EMPTY, SIDE, Threshold, picture

from picosam_ros import Prompt, Segmenter
from picosam_ros.results import PromptState
from picosam_ros.tracking.tracker import Limits, Tracker


def follow(segmenter, path, *, start=None):
    """Click on the first place of a path, then give the result of each."""
    places = list(path)
    segmenter.step(picture(*places[0]))
    segmenter.prompts.put(Prompt.from_point(*places[0][:2], roi_size=SIDE))
    return [segmenter.step(picture(*place)) for place in places]


def test_there_is_one_run_for_each_object_and_frame():
    engine = Threshold()
    segmenter = Segmenter(engine, tracker=Tracker())
    segmenter.step(picture(300))
    for object_id in (1, 2):
        segmenter.prompts.put(
            Prompt.from_point(290 + 10 * object_id, 240, object_id=object_id, roi_size=SIDE)
        )
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
    assert mask.prompt.generation == segmenter.prompts.active[0].generation
    assert mask.centroid == pytest.approx((320, 240), abs=1)


def test_a_disc_that_stays_away_is_lost_and_no_prompt_is_left():
    segmenter = Segmenter(Threshold(), tracker=Tracker(Limits(patience=10)))
    results = follow(segmenter, [(300, 240)] * 3 + [(-500, 240)] * 20)
    [lost] = [answer for result in results for answer in result.lost]
    assert lost.state is PromptState.LOST
    assert lost.reason == 'not seen for 11 frames: the network sees nothing there'
    assert segmenter.prompts.active == ()
