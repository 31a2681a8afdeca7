"""Figures on cases worked out by hand."""

import numpy as np
import pytest

from picosam_ros.evaluation.metrics import iou, mean_precision, summary


def rows(count):
    """10×10, the first rows filled."""
    mask = np.zeros((10, 10), np.bool_)
    mask[:count] = True
    return mask


def test_iou_is_the_shared_area_over_the_covered_area():
    assert iou(rows(4), rows(8)) == 0.5
    assert iou(rows(5), rows(5)) == 1.0
    assert iou(rows(0), rows(3)) == 0.0
    assert iou(rows(0), rows(0)) == 0.0


def test_map_is_the_mean_share_of_masks_over_ten_thresholds():
    # 0.5 reaches one of ten thresholds, 0.72 five, 1.0 all of them, 0.3 none.
    assert mean_precision(np.array([0.5, 0.72, 1.0, 0.3])) == pytest.approx(16 / 40)


def test_a_value_on_a_threshold_reaches_it():
    assert mean_precision(np.array([3 / 5])) == pytest.approx(0.3)


def test_sizes_are_those_of_coco_and_a_missing_size_has_no_figure():
    figures = summary(np.array([0.2, 0.4, 0.9]), np.array([1023, 1024, 9215]))
    assert figures['miou'] == pytest.approx(0.5)
    assert figures['small'] == pytest.approx(0.2)
    assert figures['medium'] == pytest.approx(0.65)
    assert figures['large'] is None


def test_no_mask_has_no_figure():
    figures = summary(np.array([]), np.array([]))
    assert figures['miou'] is None
    assert figures['map'] == 0.0
