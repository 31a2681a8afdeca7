"""Small parts of a mask that are no part of the object."""

import numpy as np
import pytest

from picosam_ros.mask import Mask
from picosam_ros.prompt import Point, Prompt
from picosam_ros.roi import Roi
from picosam_ros.specks import SMALLEST_PART, without_specks

AREA = 40 * 50
SPECK = int(SMALLEST_PART * AREA) - 1


def mask_with(part, prompt=None):
    """Return a mask of 40×50 network pixels, and another part of that many in a row."""
    logits = np.full((96, 96), -3, np.float32)
    logits[10:50, 10:60] = 3
    logits[80, 10 : 10 + part] = 2
    prompt = prompt or Prompt.from_point(30, 30)
    return Mask(prompt, logits, Roi(0, 0, 192, 192), 192, 192, 'drawn', 0.9)


def test_a_part_below_a_hundredth_of_the_area_goes_and_all_else_stays():
    mask = mask_with(SPECK)
    clean = without_specks(mask)
    expected = mask.logits.copy()
    expected[80, 10 : 10 + SPECK] = -2
    np.testing.assert_array_equal(clean.logits, expected)
    assert clean.logits.flags.c_contiguous
    assert clean.box.y1 < 100 < mask.box.y1
    assert (clean.prompt, clean.roi, clean.score) == (mask.prompt, mask.roi, mask.score)


@pytest.mark.parametrize('part', [0, SPECK + 3])
def test_a_mask_without_specks_is_the_same_one(part):
    mask = mask_with(part)
    assert without_specks(mask) is mask


@pytest.mark.parametrize(
    ('point', 'stays'),
    [(Point(25, 161), True), (Point(25, 161, positive=False), False), (Point(100, 161), False)],
    ids=['on it', 'negative', 'beside it'],
)
def test_what_the_user_clicked_at_stays_however_small_it_is(point, stays):
    mask = mask_with(SPECK, Prompt((Point(60, 60), point)))
    assert (without_specks(mask).logits[80, 12] > 0) == stays


def test_of_an_empty_mask_and_of_many_alike_parts_nothing_goes():
    nothing = mask_with(0)
    nothing.logits[:] = -1
    assert without_specks(nothing).empty
    scattered = mask_with(0)
    scattered.logits[:] = -1
    scattered.logits[::12, ::12] = 1  # 64 parts: each has more than a hundredth
    assert without_specks(scattered) is scattered


def test_a_click_outside_of_the_square_is_no_part():
    assert without_specks(mask_with(SPECK, Prompt.from_point(191, 300))).box.y1 < 100
