"""What is measured of an object, and where it is sought."""

import numpy as np
import pytest
from helpers.discs import BLUE, EMPTY, SIDE, mask_of, picture

from picosam_ros import Prompt
from picosam_ros.tracking.observation import (
    GRID,
    LONGEST,
    SPOT,
    ColourModel,
    Observation,
    search,
)


def looked(x=300, y=240, **disc):
    frame = picture(300, 240, **disc)
    return Observation.of(frame, mask_of(frame, Prompt.from_point(x, y, roi_size=SIDE)))


ALL = np.ones((GRID, GRID), np.float32)


def test_a_disc_is_measured_where_it_is_and_as_large_as_it_is():
    x, y, size = looked(radius=20).measure(ALL)
    assert (x, y) == pytest.approx((300, 240), abs=1)
    assert size == pytest.approx(20 * np.sqrt(np.pi), rel=0.2)


def test_pixels_count_less_the_farther_they_are_from_where_the_object_was_expected():
    inside = looked(radius=400).inside
    middle = GRID // 2
    assert inside[middle, middle] > 0.95
    assert list(inside[middle, middle:]) == sorted(inside[middle, middle:], reverse=True)
    assert inside[middle, -1] < 0.4


def test_expected_is_where_the_prompt_points_and_not_the_middle_of_an_roi_that_was_shifted():
    frame = picture(30, 240)
    shifted = mask_of(frame, Prompt.from_point(60, 240, roi_size=SIDE))
    prompt = Prompt.from_point(30, 240, roi_size=SIDE)
    mask = type(shifted)(prompt, shifted.logits, shifted.roi, 640, 480, 'sensor', 1.0)
    look = Observation.of(frame, mask)
    row, column = np.unravel_index(look.inside.argmax(), look.inside.shape)
    assert look.to_image(column, row) == pytest.approx((30, 240), abs=3)


def test_nothing_outside_of_the_mask_counts():
    look = looked(radius=20)
    assert not look.inside[0, 0]
    assert not look.depth[0, 0]


def test_the_object_is_sought_in_the_whole_picture_by_its_colours():
    look = looked()
    appearance = ColourModel(look.colours, look.depth)
    frame = picture(520, 90)
    assert search(frame.pixels, appearance, 53) == pytest.approx((520, 90), abs=12)


@pytest.mark.parametrize('frame', [EMPTY, picture(300, colour=BLUE)], ids=['nothing', 'another'])
def test_where_nothing_looks_like_it_nothing_is_found(frame):
    look = looked(radius=60)
    appearance = ColourModel(look.colours, look.depth)
    assert search(frame.pixels, appearance, 53) is None


@pytest.mark.parametrize('size', [0.5, 5000], ids=['tiny', 'larger than the picture'])
def test_however_large_the_object_is_the_picture_that_is_searched_is_small(size):
    shapes = []

    class Counted:
        def likenesses(self, colours, span):
            shapes.append((colours.shape, span))
            return np.zeros((1, 1))

    search(EMPTY.pixels, Counted(), size)
    [((rows, columns), span)] = shapes
    assert span == SPOT
    assert SPOT <= rows <= columns <= LONGEST
