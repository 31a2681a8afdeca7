import cv2
import numpy as np
import pytest
from helpers.examples import masks
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco

from picosam_ros.datasets.outlines import join, parts, to_corners, to_pixels


@st.composite
def noise(draw):
    shape = draw(st.tuples(st.integers(1, 14), st.integers(1, 14)))
    density, seed = draw(st.floats(0, 1)), draw(st.integers(0, 2**32 - 1))
    return (np.random.default_rng(seed).random(shape) < density).astype(np.uint8)


def drawn_by_pycocotools(mask):
    outlines = [join([to_corners(ring) for ring in part]) for part in parts(mask)]
    polygons = [outline.reshape(-1).astype(float).tolist() for outline in outlines]
    return coco.decode(coco.merge(coco.frPyObjects(polygons, *mask.shape)))


def drawn_by_opencv(mask, whole=np.trunc):
    rings = [ring for part in parts(mask) for ring in part]
    points = whole(to_pixels(join(rings))).astype(np.int32)
    return cv2.fillPoly(np.zeros_like(mask), [points], 1)


@pytest.mark.parametrize('mask', [pytest.param(mask, id=name) for name, mask in masks().items()])
def test_pycocotools_draws_the_very_mask(mask):
    assert np.array_equal(drawn_by_pycocotools(mask), mask)


@given(noise())
def test_pycocotools_draws_any_mask(mask):
    if mask.any():
        assert np.array_equal(drawn_by_pycocotools(mask), mask)


@pytest.mark.parametrize('whole', [np.trunc, np.rint])
@pytest.mark.parametrize('name', ['disc', 'at the border', 'all', 'one pixel', 'a line'])
def test_opencv_draws_the_very_mask_where_nothing_was_joined(name, whole):
    mask = masks()[name]
    if name == 'at the border':
        mask = mask * np.tri(*mask.shape, dtype=np.uint8)[:, ::-1]  # one of its two parts
        assert len(parts(mask)) == 1
    assert np.array_equal(drawn_by_opencv(mask, whole), mask)


# Pixels: the widths of the gaps between discs, about.
@pytest.mark.parametrize(
    ('name', 'gaps'), [('holes', 0), ('an island in a hole', 9), ('parts', 58 + 56)]
)
def test_what_joins_parts_is_one_pixel_wide_and_the_shortest_way(name, gaps):
    mask = masks()[name]
    drawn = drawn_by_opencv(mask)
    assert (drawn >= mask).all()
    assert drawn.sum() - mask.sum() <= 1.1 * gaps


def test_a_mask_without_pixels_has_no_parts():
    assert parts(np.zeros((5, 6), np.uint8)) == []


def test_holes_belong_to_the_part_that_they_are_in():
    mask = np.zeros((9, 20), np.uint8)
    mask[1:8, 1:8] = mask[1:8, 10:17] = 1
    mask[3, 3] = mask[3, 12] = mask[5, 14] = 0
    found = {tuple(part[0].min(axis=0)): part[1:] for part in parts(mask)}
    assert {corner: len(holes) for corner, holes in found.items()} == {(2, 2): 1, (20, 2): 2}
