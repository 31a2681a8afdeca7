"""COCO's run lengths and polygons, decoded and drawn without pycocotools."""

import cv2
import numpy as np
import pytest
from helpers.labelled import compress, run_lengths

from picosam_ros.errors import DatasetError
from picosam_ros.evaluation.coco_masks import decode_rle, fill_polygons


def _random_mask(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.random((37, 53)) < rng.uniform(0.02, 0.98)).astype(np.uint8)


def test_a_published_string_gives_the_mask_that_coco_means():
    # The first object of a COCO photo in the store: 637 pixels of a baseball bat.
    counts = '`WW44V=5L4L5J5L4M301O000O2O00001OO1O1O2N1O1O2N1N2K6K4L4LU>NlA10O101NZVf3'
    mask = decode_rle({'size': [427, 640], 'counts': counts})
    assert mask.shape == (427, 640)
    assert mask.sum() == 637


@pytest.mark.parametrize('seed', range(5))
def test_decoding_gives_back_the_mask_that_was_written(seed):
    mask = _random_mask(seed)
    assert (decode_rle(compress(mask)) == mask).all()


@pytest.mark.parametrize('seed', range(3))
def test_run_lengths_may_be_plain_numbers(seed):
    mask = _random_mask(seed)
    assert (decode_rle(run_lengths(mask)) == mask).all()


@pytest.mark.parametrize('value', [0, 1])
def test_an_empty_and_a_full_mask_survive(value):
    mask = np.full((300, 400), value, np.uint8)
    assert (decode_rle(compress(mask)) == mask).all()


@pytest.mark.parametrize('seed', range(3))
def test_decoding_agrees_with_pycocotools(seed):
    official = pytest.importorskip('pycocotools.mask')
    mask = _random_mask(seed)
    written = compress(mask)
    assert official.encode(np.asfortranarray(mask))['counts'].decode() == written['counts']
    assert (decode_rle(written) == official.decode(written)).all()


def test_runs_that_do_not_fill_the_picture_are_refused():
    damaged = {**compress(_random_mask(0)), 'size': [37, 54]}
    with pytest.raises(DatasetError, match='37x54'):
        decode_rle(damaged)


def star(rng, radius, middle=70.0):
    """Return the corners of a star-like outline, with two decimals as COCO's have."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, 20))
    radii = rng.uniform(0.6, 1, 20) * radius
    corners = np.stack((middle + radii * np.cos(angles), middle + radii * np.sin(angles)), 1)
    return corners.round(2).reshape(-1).tolist()


def wild(rng, height, width):
    """Return corners anywhere, beyond the border too, some of them twice."""
    corners = rng.uniform(-0.1, 1.1, (int(rng.integers(3, 30)), 2)) * [width, height]
    if rng.random() < 0.3:
        corners[1] = corners[0]
    return np.round(corners, int(rng.integers(0, 3))).reshape(-1).tolist()


def test_a_rectangle_along_the_edges_of_pixels_is_these_pixels():
    mask = fill_polygons([[3, 2, 8, 2, 8, 6, 3, 6]], 10, 12)
    expected = np.zeros((10, 12), np.uint8)
    expected[2:6, 3:8] = 1
    np.testing.assert_array_equal(mask, expected)


def test_parts_are_joined_and_what_they_share_stays():
    mask = fill_polygons([[0, 0, 4, 0, 4, 4, 0, 4], [2, 2, 6, 2, 6, 6, 2, 6]], 6, 6)
    assert mask.max() == 1
    assert mask.sum() == 16 + 16 - 4


def test_the_order_of_the_corners_does_not_matter():
    outline = star(np.random.default_rng(3), 20)
    backwards = np.reshape(outline, (-1, 2))[::-1].reshape(-1).tolist()
    np.testing.assert_array_equal(
        fill_polygons([outline], 140, 140), fill_polygons([backwards], 140, 140)
    )


def test_what_lies_beyond_the_border_is_cut():
    mask = fill_polygons([[-50, -50, 200, -50, 200, 200, -50, 200]], 7, 9)
    assert mask.shape == (7, 9)
    assert mask.all()


@pytest.mark.parametrize('outline', [[5, 5, 5, 5, 5, 5], [1, 1, 6, 1], [3, 3]])
def test_an_outline_without_an_inside_holds_no_pixel(outline):
    assert not fill_polygons([outline], 10, 10).any()


@pytest.mark.parametrize('outline', [[1, 2, 3], [1, 2, float('nan'), 3, 4, 5], [[1, 2], [3, 4]]])
def test_what_is_no_polygon_is_refused(outline):
    with pytest.raises(DatasetError, match='x and y of every corner'):
        fill_polygons([outline], 10, 10)


def test_every_pixel_is_that_of_pycocotools():
    official = pytest.importorskip('pycocotools.mask', reason='pip install pycocotools')
    rng = np.random.default_rng(0)
    for _ in range(400):
        height, width = rng.integers(5, 200, 2).tolist()
        parts = [wild(rng, height, width) for _ in range(int(rng.integers(1, 3)))]
        theirs = official.decode(official.merge(official.frPyObjects(parts, height, width)))
        np.testing.assert_array_equal(fill_polygons(parts, height, width), theirs)


def test_opencv_draws_small_objects_an_eighth_too_large():
    rng = np.random.default_rng(1)
    shares = []
    for _ in range(100):
        outline = star(rng, 12)
        drawn = np.zeros((140, 140), np.uint8)
        corners = np.rint((np.reshape(outline, (-1, 2)) - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(drawn, [corners], 1, shift=4)
        shares.append(drawn.sum() / fill_polygons([outline], 140, 140).sum())
    assert np.mean(shares) == pytest.approx(1.13, abs=0.02)
