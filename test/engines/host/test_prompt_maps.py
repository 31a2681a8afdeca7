"""A prompt as the network's second input: where bells, boxes and previous masks lie in it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picosam_ros.engines.host.prompt_maps import (
    BOX,
    CHANNELS,
    NEGATIVE,
    POSITIVE,
    PREVIOUS,
    draw_prompt,
    empty_maps,
)
from picosam_ros.mask import to_probability
from picosam_ros.prompt import Box, Point, PreviousMask, Prompt
from picosam_ros.roi import Affine, Roi

SIZE = 64
# One pixel of the square is one of the image.
ROI = Roi(100, 50, SIZE, SIZE)


def drawn(prompt, roi=ROI, size=SIZE):
    [maps] = empty_maps(size)
    # What was drawn before must not stay.
    maps[...] = 77
    draw_prompt(prompt, roi, maps)
    return maps


def bell(x, y, size=SIZE):
    """Return the contract's bell: a standard deviation of 1/64 of the side, 255 at its top.

    Its place is the nearest eighth of a pixel.
    """
    x, y = (math.floor(v) + round(8 * (v - math.floor(v))) / 8 for v in (x, y))
    rows, columns = np.mgrid[:size, :size]
    squared = (columns - x) ** 2 + (rows - y) ** 2
    return 255 * np.exp(-squared / (2 * (size / 64) ** 2))


coordinates = st.floats(-12, SIZE + 12)


@given(coordinates, coordinates, st.booleans())
def test_a_point_is_a_bell_in_its_map_cut_at_the_border(x, y, positive):
    prompt = Prompt((Point(100 + x, 50 + y, positive),), box=Box(0, 0, 9, 9))
    maps = drawn(prompt)
    mine, other = (POSITIVE, NEGATIVE) if positive else (NEGATIVE, POSITIVE)
    place = ROI.affine_to(SIZE, SIZE)(100 + x, 50 + y)
    np.testing.assert_allclose(maps[..., mine], bell(*place), atol=1)
    assert not maps[..., other].any()
    assert not maps[..., PREVIOUS].any()


def test_a_point_is_at_its_pixel_whatever_the_side_of_the_square():
    for side, size in ((32, 64), (128, 64), (200, 192)):
        roi = Roi(10, 20, side, side)
        maps = drawn(Prompt.from_point(10 + side // 4, 20 + side // 2), roi, size)
        x, y = roi.affine_to(size, size)(10 + side // 4, 20 + side // 2)
        np.testing.assert_allclose(maps[..., POSITIVE], bell(x, y, size), atol=1)
    assert maps[..., POSITIVE].max() > 200


def test_a_point_outside_of_the_square_is_not_drawn():
    for x, y in ((99 - 8, 80), (100 + SIZE + 8, 80), (130, -1000), (1e6, 1e6)):
        assert not drawn(Prompt.from_point(x, y)).any()


def test_bells_that_meet_are_as_high_as_the_higher_one():
    points = Point(130, 80), Point(132, 80), Point(131, 82, positive=False)
    maps = drawn(Prompt(points))
    np.testing.assert_allclose(maps[..., POSITIVE], np.maximum(bell(30, 30), bell(32, 30)), atol=1)
    np.testing.assert_allclose(maps[..., NEGATIVE], bell(31, 32), atol=1)


@pytest.mark.parametrize(
    ('box', 'rows', 'columns'),
    [
        (Box(110, 60, 119, 79), slice(10, 31), slice(10, 21)),
        (Box(90, 40, 119, 79), slice(0, 31), slice(0, 21)),
        (Box(150, 100, 900, 900), slice(50, SIZE), slice(50, SIZE)),
        (Box(0, 0, 900, 900), slice(0, SIZE), slice(0, SIZE)),
    ],
    ids=['inside', 'over the first edges', 'over the last edges', 'larger'],
)
def test_a_box_is_filled_to_its_edges_and_cut_at_the_border(box, rows, columns):
    maps = drawn(Prompt.from_box(box))
    expected = np.zeros((SIZE, SIZE))
    expected[rows, columns] = 255
    # To the pixel: the box's edges lie between two.
    wrong = maps[..., BOX] != expected
    assert np.count_nonzero(wrong) <= 31
    assert not wrong[1:-1, 1:-1].all(axis=0).any()
    assert set(np.unique(maps[..., BOX])) <= {0, 255}
    assert not maps[..., :BOX].any()


@pytest.mark.parametrize(
    'box',
    [Box(0, 60, 90, 70), Box(170, 60, 180, 70), Box(110, 0, 120, 40), Box(110, 120, 120, 130)],
    ids=['left', 'right', 'above', 'below'],
)
def test_a_box_beyond_the_square_is_not_drawn(box):
    assert not drawn(Prompt.from_box(box)).any()


# The previous mask


@pytest.fixture
def previous():
    """Return a mask of the same square, with a block of columns 10 to 29 and rows 20 to 29."""
    logits = np.full((SIZE, SIZE), -6, np.float32)
    logits[20:30, 10:30] = 6
    return PreviousMask(logits, ROI)


def test_a_previous_mask_is_drawn_as_its_probability(previous):
    maps = drawn(Prompt(previous=previous))
    np.testing.assert_array_equal(maps[..., PREVIOUS], to_probability(previous.logits))
    assert not np.delete(maps, PREVIOUS, axis=2).any()


@pytest.mark.parametrize(('dx', 'dy'), [(5, 0), (0, -7), (-20, 3)])
def test_a_previous_mask_that_moved_is_drawn_where_it_is_now(previous, dx, dy):
    maps = drawn(Prompt(previous=previous.moved(Affine(1, 1, dx, dy))))
    inside = maps[..., PREVIOUS] > 127
    rows, columns = np.nonzero(inside)
    left, right = max(10 + dx, 0), 29 + dx
    assert (columns.min(), columns.max()) == (left, right)
    assert (rows.min(), rows.max()) == (20 + dy, 29 + dy)


def test_a_previous_mask_of_another_square_is_drawn_at_the_same_place_of_the_image(previous):
    larger = Roi(100 - 32, 50 - 32, 2 * SIZE, 2 * SIZE)
    inside = drawn(Prompt(previous=previous), larger)[..., PREVIOUS] > 127
    rows, columns = np.nonzero(inside)
    # Half as large, in the middle.
    assert (columns.min(), columns.max()) == pytest.approx((16 + 5, 16 + 14), abs=1)
    assert (rows.min(), rows.max()) == pytest.approx((16 + 10, 16 + 14), abs=1)


def test_what_the_previous_mask_does_not_know_is_not_the_object(previous):
    whole = PreviousMask(np.full((SIZE, SIZE), 6, np.float32), ROI)
    maps = drawn(Prompt(previous=whole), Roi(100 + 32, 50, SIZE, SIZE))
    assert (maps[:, :31, PREVIOUS] > 127).all()
    assert not maps[:, 33:, PREVIOUS].any()


def test_maps_are_of_a_square_in_a_batch_of_one():
    maps = empty_maps(SIZE)
    assert (maps.shape, maps.dtype) == ((1, SIZE, SIZE, CHANNELS), np.uint8)
    assert not maps.any()
