"""Masks of squares of any side are compared on their own grids; one is agreed with most."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from helpers.disc_masks import HEIGHT, WIDTH, disc
from hypothesis import given
from hypothesis import strategies as st

from picosam_ros.engines.host.agreement import (
    STEP,
    STEP_IN_AREA,
    area_of,
    most_agreed,
    pairwise_iou,
    same_size,
)
from picosam_ros.roi import Roi


def counted_iou(one, other):
    """Return the IoU by all pixels of the image; 0 of nothing."""
    a, b = one.to_image(), other.to_image()
    return np.count_nonzero(a & b) / max(np.count_nonzero(a | b), 1)


discs = st.builds(
    disc,
    st.integers(-20, WIDTH + 20),
    st.integers(-20, HEIGHT + 20),
    st.integers(35, 110),
    at=st.tuples(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1)),
    side=st.sampled_from([120, 240, 336]),
    size=st.sampled_from([96, 128]),
)


# Overlap


def border(mask):
    """Return the pixels of a mask along its border, that of the image included."""
    inside = np.pad(mask.to_image(), 1).astype(np.uint8)
    return np.count_nonzero(inside & ~cv2.erode(inside, np.ones((3, 3), np.uint8)))


def uncertainty(one, other):
    """Return how far their IoU on a grid may be off: half a cell of it along each border."""
    cell = max(STEP * mask.roi.width / mask.logits.shape[1] for mask in (one, other))
    union = np.count_nonzero(one.to_image() | other.to_image())
    return cell / 2 * (border(one) + border(other)) / max(union, 1)


@given(st.lists(discs, min_size=1, max_size=5))
def test_the_overlap_is_that_of_all_pixels_of_the_image(masks):
    overlaps = pairwise_iou(masks)
    for i, one in enumerate(masks):
        for j, other in enumerate(masks):
            if i != j:
                error = abs(overlaps[i, j] - counted_iou(one, other))
                assert error <= uncertainty(one, other)


@given(st.lists(discs, min_size=2, max_size=5))
def test_the_overlap_is_symmetric_and_that_of_a_mask_with_itself_is_1(masks):
    overlaps = pairwise_iou(masks)
    np.testing.assert_allclose(overlaps, overlaps.T)
    for mask, own in zip(masks, np.diag(overlaps), strict=True):
        assert own == pytest.approx(1 if area_of(mask) else 0)


def test_several_masks_of_one_square_are_compared_like_those_of_several():
    drawn = [disc(150, 120, 40), disc(170, 120, 40), disc(170, 120, 20)]
    alone = [replace(mask, roi=Roi(*mask_roi(mask, shift))) for shift, mask in enumerate(drawn)]
    np.testing.assert_allclose(pairwise_iou(drawn), pairwise_iou(alone), atol=0.03)


def mask_roi(mask, shift):
    """Return a square that differs by next to nothing."""
    return mask.roi.x + 1e-3 * shift, mask.roi.y, mask.roi.width, mask.roi.height


@pytest.mark.parametrize(
    'empty',
    [disc(160, 120, -1), disc(-300, 120, 40), disc(0, 0, 30, at=(-200, -200), side=96)],
    ids=['nothing', 'outside of its square', 'outside of the image'],
)
def test_an_empty_mask_overlaps_with_nothing_and_has_no_area(empty):
    overlaps = pairwise_iou([disc(160, 120, 40), empty, empty])
    np.testing.assert_allclose(overlaps, [[1, 0, 0], [0, 0, 0], [0, 0, 0]])
    assert area_of(empty) == 0


@pytest.mark.parametrize(
    ('x', 'y', 'radius', 'side'),
    [(160, 120, 40, 100), (160, 120, 40, 330), (0, 120, 60, 330), (319, 239, 90, 330)],
    ids=['in a small square', 'in a large one', 'half outside', 'three quarters outside'],
)
def test_the_area_is_that_of_the_pixels_on_the_image(x, y, radius, side):
    mask = disc(x, y, radius, at=(x, y), side=side)
    assert area_of(mask) == pytest.approx(mask.area, rel=0.1)


@pytest.mark.parametrize(('radius', 'same'), [(40, True), (46, True), (49, False), (30, False)])
def test_masks_of_one_object_differ_in_area_by_a_small_factor(radius, same):
    assert (max(radius, 40) / min(radius, 40)) ** 2 != STEP_IN_AREA
    masks = disc(160, 120, 40, side=100), disc(160, 120, radius, side=200)
    areas = [area_of(mask) for mask in masks]
    assert same_size(*areas) == same_size(*areas[::-1]) == same


# The choice


@given(
    st.lists(
        st.tuples(
            st.floats(0.05, 1),
            st.builds(
                disc,
                st.integers(120, 200),
                st.integers(90, 150),
                st.integers(15, 50),
                side=st.sampled_from([220, 336]),
            ),
        ),
        min_size=2,
        max_size=6,
    )
)
def test_the_mask_with_the_highest_mean_overlap_weighted_by_ratings_is_chosen(rated):
    masks = [replace(mask, score=score) for score, mask in rated]
    weights = np.array([mask.score for mask in masks]) ** 2
    means = np.array([[counted_iou(one, other) for other in masks] for one in masks]) @ weights
    assert means[most_agreed(masks)] >= means.max() - 0.06 * weights.sum()


def test_a_mask_that_its_square_cuts_off_counts_less():
    whole = disc(160, 120, 40, side=100, score=0.7)
    cut = disc(160, 120, 100, side=150, score=0.75)
    assert cut.logits[0].max() > 0
    assert most_agreed([cut, whole]) == 1
    inside = disc(160, 120, 70, side=150, score=0.75)
    assert most_agreed([inside, whole]) == 0


def test_of_empty_masks_the_first_is_chosen():
    assert most_agreed([disc(160, 120, -1)] * 3) == 0
