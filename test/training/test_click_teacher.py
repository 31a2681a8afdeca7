"""The network that takes clicks as a teacher: what it is asked, and which mask is taught."""

import numpy as np
import pytest
from helpers.photo_masks import disc

from picosam_ros.models import DEFAULT_MODEL, find_model
from training.click_teacher import ClickTeacher
from training.data.crops import Window, centred, cut_at_border
from training.data.sampling import Prompted
from training.teacher import open_teacher

SHAPE = (120, 160)
BALL, SPOT = disc(SHAPE, (60, 60), 30), disc(SHAPE, (60, 60), 9)


@pytest.fixture(scope='module')
def teacher() -> ClickTeacher:
    file = find_model(DEFAULT_MODEL).path
    return open_teacher('training.click_teacher:ClickTeacher', file)


def prompted(mask: np.ndarray | None, window: Window, point: tuple[int, int]) -> Prompted:
    """A light ball with a dark spot in its middle, on a grey ground."""
    pixels = np.full((*SHAPE, 3), 90, np.uint8)
    pixels[BALL > 0] = (230, 220, 200)
    pixels[SPOT > 0] = (20, 30, 120)
    return Prompted(pixels, mask, point, window)


def iou(logits: np.ndarray, mask: np.ndarray) -> float:
    return ((logits > 0) & (mask > 0)).sum() / ((logits > 0) | (mask > 0)).sum()


@pytest.mark.parametrize('mask', [BALL, SPOT], ids=['ball', 'spot'])
def test_of_a_large_object_the_label_tells_which_mask_was_meant(teacher, mask) -> None:
    side = 60 if mask is BALL else 18
    prompt = prompted(mask, centred((60, 60), side), (60, 60))
    [sample] = teacher.teach([prompt], [prompt.sample(96)])
    masks, ratings = teacher.propose(prompt, 96)
    likest = max(range(3), key=lambda index: iou(masks[index], sample.mask))
    assert sample.confidence == ratings[likest]
    assert iou(sample.logits, masks[likest] > 0) > 0.97


@pytest.mark.parametrize('mask', [BALL, None], ids=['small', 'unlabelled'])
def test_else_the_best_rated_is_taught(teacher, mask) -> None:
    prompt = prompted(mask, centred((60, 60), 120), (60, 60))
    [sample] = teacher.teach([prompt], [prompt.sample(96)])
    masks, ratings = teacher.propose(prompt, 96)
    assert masks.shape == (3, 96, 96)
    assert sample.confidence == ratings.max()
    assert iou(sample.logits, masks[ratings.argmax()] > 0) > 0.97


@pytest.mark.parametrize(
    'window',
    [centred((100, 60), 96), cut_at_border(centred((45, 60), 120), SHAPE)],
    ids=['shifted', 'stretched'],
)
def test_the_click_is_where_the_point_lies_in_the_square(teacher, window) -> None:
    prompt = prompted(None, window, (60, 45))
    masks, _ = teacher.propose(prompt, 64)
    row, column = prompt.place(64)
    assert (masks[:, row, column] > 0).any()
    meant = prompted(BALL, window, (60, 45)).sample(64).mask
    assert max(iou(mask, meant) for mask in masks) > 0.8
