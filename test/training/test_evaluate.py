"""Figures of the evaluation on cases worked out by hand."""

import numpy as np
import pytest

from training import data
from training.crops import Window
from training.evaluate import box, crop96, evaluate, iou, mean_precision, summary


def _rows(*counts: int) -> np.ndarray:
    """Masks of 10x10 with the first rows filled."""
    masks = np.zeros((len(counts), 10, 10), bool)
    for mask, count in zip(masks, counts, strict=True):
        mask[:count] = True
    return masks


def test_iou_is_the_shared_area_over_the_covered_area() -> None:
    assert iou(_rows(4, 5, 0, 0), _rows(8, 5, 3, 0)) == pytest.approx([0.5, 1.0, 0.0, 0.0])


def test_map_is_the_mean_share_of_masks_over_ten_thresholds() -> None:
    # 0.5 reaches one of ten thresholds, 0.72 five, 1.0 all of them, 0.3 none.
    assert mean_precision(np.array([0.5, 0.72, 1.0, 0.3])) == pytest.approx(16 / 40)


def test_a_value_on_a_threshold_reaches_it() -> None:
    assert mean_precision(np.array([3 / 5])) == pytest.approx(0.3)


def test_sizes_are_those_of_coco_and_a_missing_size_has_no_figure() -> None:
    figures = summary(np.array([0.2, 0.4, 0.9]), np.array([1023, 1024, 9215]))
    assert figures['miou'] == pytest.approx(0.5)
    assert figures['small'] == pytest.approx(0.2)
    assert figures['medium'] == pytest.approx(0.65)
    assert figures['large'] is None


def test_a_click_sees_96_pixels_and_a_box_itself_with_air() -> None:
    mask = np.zeros((200, 300), np.uint8)
    mask[10:50, 200:300] = 1
    assert crop96(mask) == Window(202, 0, 96, 96)
    assert box(mask) == Window(190, -30, 120, 120)


def test_the_all_foreground_network_scores_as_the_all_foreground_answer(store) -> None:
    photos = data.read_source(store, 'coco_train')
    result = evaluate(photos, lambda images: np.ones(images.shape[:3], np.float32))
    assert result['n'] == 36
    assert result['n_small'] + result['n_medium'] + result['n_large'] == 36
    assert result['all_foreground'] == {
        name: result[name] for name in ('miou', 'map', 'small', 'medium', 'large')
    }
    assert 0 < result['miou'] < 0.5


def test_a_network_that_sees_the_light_discs_scores_high(store) -> None:
    photos = data.read_source(store, 'coco_train')
    result = evaluate(photos, lambda images: images.max(3).astype(np.float32) - 100)
    assert result['miou'] > result['all_foreground']['miou'] + 0.2
