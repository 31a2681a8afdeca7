"""Answers at several points become one mask: against NumPy in pixels of the image."""

import numpy as np
import pytest

from picosam_ros.engines.host.multi_point import combine
from picosam_ros.mask import Mask
from picosam_ros.prompt import Point, Prompt
from picosam_ros.roi import Roi

WIDTH, HEIGHT = 400, 300
ROWS, COLUMNS = np.mgrid[:HEIGHT, :WIDTH]


def cone(x, y, radius):
    """H×W logits that fall from the radius at x, y by one a pixel."""
    return radius - np.hypot(COLUMNS - x, ROWS - y)


def look(point, field, side=96, score=0.5):
    """What a network of 96×96 that knows a field would answer in the square around a point."""
    roi = Roi.square(point.x, point.y, side)
    to_image = roi.affine_to(96, 96).inverse()
    rows, columns = np.mgrid[:96, :96]
    x, y = to_image(columns, rows)
    at = np.rint(y).astype(int).clip(0, HEIGHT - 1), np.rint(x).astype(int).clip(0, WIDTH - 1)
    logits = np.ascontiguousarray(field[at], np.float32)
    return Mask(Prompt.from_point(point.x, point.y), logits, roi, WIDTH, HEIGHT, 'scripted', score)


def seen(point, field, side=96):
    """The field where that square is, -1 elsewhere."""
    roi = Roi.square(point.x, point.y, side)
    inside = (roi.x <= COLUMNS) & (roi.x + side > COLUMNS)
    return np.where(inside & (roi.y <= ROWS) & (roi.y + side > ROWS), field, -1)


def resolved(answers, **options):
    points = tuple(point for point, _ in answers)
    return combine(Prompt(points), [look(point, field, **options) for point, field in answers])


def test_a_pixel_is_of_the_object_where_any_positive_point_claims_it():
    answers = [(Point(150, 150), cone(150, 150, 30)), (Point(190, 160), cone(190, 160, 20))]
    mask = resolved(answers)
    claimed = np.max([seen(point, field) for point, field in answers], 0)
    np.testing.assert_array_equal(mask.to_image(), claimed > 0)


@pytest.mark.parametrize('strength', [10, 40])
def test_a_negative_point_takes_a_pixel_where_its_claim_is_the_strongest(strength):
    positive = Point(150, 150), cone(150, 150, 30)
    negative = Point(175, 150, positive=False), cone(175, 150, strength)
    mask = resolved([negative, positive])
    mine, other = seen(*positive), seen(*negative)
    expected = (mine > 0) & (mine > other)
    np.testing.assert_array_equal(mask.to_image(), expected)
    assert 0 < np.count_nonzero(expected) < np.count_nonzero(mine > 0)


def test_a_negative_point_that_claims_nothing_changes_nothing():
    point, field = Point(150, 150), cone(150, 150, 30)
    mask = resolved([(point, field), (Point(190, 150, positive=False), cone(300, 300, 0))])
    np.testing.assert_array_equal(mask.logits, look(point, field).logits)
    assert mask.roi == Roi.square(150, 150, 96)


def test_a_part_without_a_positive_point_is_not_the_object():
    apart = np.maximum(cone(150, 150, 12), cone(180, 150, 12))
    points = Point(150, 150), Point(150, 180, positive=False)
    mask = resolved([(points[0], apart), (points[1], cone(300, 300, 0))])
    np.testing.assert_array_equal(mask.to_image(), seen(points[0], cone(150, 150, 12)) > 0)


def test_where_no_part_holds_a_positive_point_all_stay():
    apart = np.maximum(cone(130, 150, 12), cone(180, 150, 12))
    points = Point(155, 150), Point(150, 180, positive=False)
    mask = resolved([(points[0], apart), (points[1], cone(300, 300, 0))])
    np.testing.assert_array_equal(mask.to_image(), seen(points[0], apart) > 0)


def test_the_mask_covers_the_squares_of_the_positive_points_alone():
    points = Point(100, 100), Point(140, 110), Point(300, 200, positive=False)
    mask = resolved([(point, cone(100, 100, 20)) for point in points])
    assert mask.roi == Roi(52, 52 - 15, 136, 136)
    assert mask.logits.shape == (136, 136)
    assert mask.logits.dtype == np.float32
    assert mask.logits.flags.c_contiguous


@pytest.mark.parametrize(('side', 'pixels'), [(24, 224), (96, 296), (192, 196)])
def test_it_is_as_fine_as_the_network_or_as_the_image(side, pixels):
    points = Point(50, 150), Point(250, 150)
    mask = resolved([(point, cone(150, 150, 20)) for point in points], side=side)
    assert mask.roi.width == 200 + side
    assert mask.logits.shape == (pixels, pixels)


def test_its_score_is_the_mean_of_those_of_the_positive_points():
    points = Point(100, 100), Point(140, 110), Point(120, 90, positive=False)
    scores, field = (0.8, 0.4, 0.1), cone(110, 105, 30)
    looks = [look(point, field, score=score) for point, score in zip(points, scores, strict=True)]
    assert combine(Prompt(points), looks).score == pytest.approx(0.6)
