"""Looks at one object from several squares: their masks of the same thing, and the mean."""

from dataclasses import replace

import numpy as np
import pytest

from picosam_ros.engines.host.looks import DISAGREEING, mean, of_one_object
from picosam_ros.mask import Mask
from picosam_ros.prompt import Point, Prompt
from picosam_ros.roi import Roi

WIDTH, HEIGHT = 320, 240
CLICK = Prompt.from_point(160, 120)


def disc(radius, *, side=200, score=0.5, prompt=CLICK, size=96):
    """Draw a disc around the click, as a network gives it in a square around that."""
    roi = Roi.square(160, 120, side)
    rows, columns = np.mgrid[:size, :size]
    xs, ys = roi.affine_to(size, size).inverse()(columns, rows)
    logits = (radius - np.hypot(xs - 160, ys - 120)).astype(np.float32)
    return Mask(prompt, logits, roi, WIDTH, HEIGHT, 'drawn', score)


def test_of_each_look_that_mask_is_taken_which_agrees_with_the_others():
    looks = [
        [disc(20, score=0.8), disc(60), disc(90)],
        [disc(88, side=240), disc(61, side=240, score=0.9), disc(21, side=240)],
        [disc(59, side=180), disc(30, side=180, score=0.8), disc(80, side=180)],
    ]
    chosen = of_one_object(looks)
    assert chosen == [looks[0][1], looks[1][1], looks[2][0]]


def test_of_one_look_the_best_rated_is_taken():
    look = [disc(20, score=0.3), disc(60, score=0.7), disc(90, score=0.6)]
    assert of_one_object([look]) == [look[1]]


def test_a_mask_that_a_point_disagrees_with_counts_less():
    prompt = Prompt((Point(160, 120), Point(160, 190)))
    near, far = (
        disc(radius, prompt=prompt, score=score) for radius, score in ((40, 0.9), (80, 0.5))
    )
    assert 0.9 * DISAGREEING < 0.5
    assert of_one_object([[near, far, disc(10, prompt=prompt, score=0.1)]]) == [far]


def test_the_mean_lies_between_in_the_square_of_the_first():
    first, second = disc(40, score=0.6), disc(60, side=260, score=0.8, size=128)
    both = mean([first, second])
    assert both.roi == first.roi
    assert first.area < both.area < second.area
    assert both.score == pytest.approx(0.7)
    assert both.logits.flags.c_contiguous
    assert both.logits.dtype == np.float32
    assert len(both.logits) == 128


def test_the_mean_of_one_is_that():
    only = disc(40)
    assert mean([only]) is only
    assert mean([only, replace(only)]).area == only.area
