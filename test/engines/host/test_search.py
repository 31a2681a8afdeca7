"""The square for a click is found among some, by what the network says in each."""

from dataclasses import replace

import numpy as np
import pytest

from picosam_ros.engines.host.agreement import most_agreed, pairwise_iou
from picosam_ros.engines.host.search import SIDE_SHARES, RoiSearch, search
from picosam_ros.engines.squares import candidate_squares
from picosam_ros.mask import Mask
from picosam_ros.prompt import Point, Prompt
from picosam_ros.roi import Roi

WIDTH, HEIGHT = 320, 240
CLICK = Prompt.from_point(160, 120)


class Scene:
    """Discs around the click: in each square the network sees the largest that fits it."""

    def __init__(self, radii, ratings):
        self.radii = radii
        self.ratings = ratings
        self.looks = []

    def __call__(self, roi):
        self.looks.append(roi)
        fitting = [radius for radius in self.radii if 2 * radius <= roi.width]
        radius = max(fitting, default=0)
        return disc_mask(roi, radius, self.ratings.get(radius, 0.1))


def disc_mask(roi, radius, score):
    """A disc of this radius in image pixels in the middle of a square."""
    rows, columns = (np.mgrid[:96, :96] - 47.5) * roi.width / 96
    logits = np.where(rows**2 + columns**2 <= radius**2, 5, -5).astype(np.float32)
    return Mask(CLICK, logits, roi, WIDTH, HEIGHT, 'scripted', score)


def squares(prompt=CLICK):
    return candidate_squares(prompt, WIDTH, HEIGHT, SIDE_SHARES)


def test_masks_overlap_by_their_iou_in_the_image():
    small = disc_mask(Roi.square(160, 120, 96), 20, 1)
    large = disc_mask(Roi.square(160, 120, 200), 40, 1)
    empty = disc_mask(Roi.square(160, 120, 50), 0, 1)
    expected = np.count_nonzero(small.to_image()) / np.count_nonzero(large.to_image())
    np.testing.assert_allclose(
        pairwise_iou([small, large, empty]),
        [[1, expected, 0], [expected, 1, 0], [0, 0, 0]],
        atol=0.002,
    )


def test_what_several_squares_agree_on_beats_a_lonely_answer_of_higher_rating():
    lonely = disc_mask(Roi.square(160, 120, 200), 90, 0.6)
    agreeing = [disc_mask(Roi.square(160, 120, side), 20, 0.5) for side in (48, 96)]
    assert most_agreed([agreeing[0], lonely, agreeing[1]]) in (0, 2)


def test_the_rating_decides_between_answers_that_share_nothing_much():
    small = disc_mask(Roi.square(160, 120, 48), 8, 0.3)
    large = disc_mask(Roi.square(160, 120, 200), 90, 0.7)
    assert most_agreed([small, large]) == 1
    assert most_agreed([replace(small, score=0.9), large]) == 0


@pytest.mark.parametrize('radius', [9, 50, 100])
def test_the_object_is_found_whatever_its_size(radius):
    scene = Scene([radius], {radius: 0.8})
    mask = search(squares(), scene)
    assert mask.area == pytest.approx(np.pi * radius**2, rel=0.1)
    assert len(scene.looks) <= 5


def test_nothing_anywhere_is_answered_with_an_empty_mask():
    scene = Scene([], {})
    assert search(squares(), scene).empty
    assert len(scene.looks) == len(SIDE_SHARES)


def test_squares_hold_all_clicks_and_none_is_tried_twice():
    prompt = Prompt((Point(100, 120), Point(200, 120)))
    tried = squares(prompt)
    assert all(roi.x <= 100 and roi.x + roi.width > 200 for roi in tried)
    assert len(tried) == len(set(tried)) < len(SIDE_SHARES)


def test_a_found_square_is_kept_until_its_prompt_is_gone():
    scene, searcher = Scene([30], {30: 0.8}), RoiSearch()
    prompt = replace(CLICK, generation=3)
    first = searcher.segment(prompt, WIDTH, HEIGHT, scene)
    runs = len(scene.looks)
    assert searcher.segment(prompt, WIDTH, HEIGHT, scene).roi == first.roi
    assert len(scene.looks) == runs + 1
    searcher.keep([replace(prompt, generation=4)])
    searcher.segment(prompt, WIDTH, HEIGHT, scene)
    assert len(scene.looks) > runs + 2


def test_a_click_that_belongs_to_no_stream_is_searched_every_time():
    scene, searcher = Scene([30], {30: 0.8}), RoiSearch()
    searcher.segment(CLICK, WIDTH, HEIGHT, scene)
    runs = len(scene.looks)
    searcher.segment(CLICK, WIDTH, HEIGHT, scene)
    assert len(scene.looks) == 2 * runs
