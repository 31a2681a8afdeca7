"""Objects before other backgrounds, and things before objects."""

import numpy as np
import pytest

from training.data.compositing import blend, compose
from training.data.sample import Sample


def sample(colour: int, radius: int, size: int = 96) -> Sample:
    """A disc of one colour in the middle of a dark crop."""
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2
    mask = (rows**2 + columns**2 < radius**2).astype(np.uint8)
    image = np.where(mask[..., None] > 0, colour, 20).astype(np.uint8).repeat(3, 2)
    return Sample.without_teacher(image, mask, 0.8).with_teacher(np.where(mask, 5.0, -5.0), 0.9)


@pytest.fixture
def composed():
    rng = np.random.default_rng(0)
    return [compose(sample(100, 30), sample(200, 12), rng) for _ in range(300)]


def test_a_transplanted_object_is_the_one_that_is_meant(composed) -> None:
    small = [image for image, mask, *_ in composed if mask.sum() < 500]
    assert 100 < len(small) < 250
    for image in small:
        assert image[48, 48, 0] == 200
        assert image[48, 70, 0] == 100


def test_what_stands_before_the_object_is_cut_out_of_its_mask(composed) -> None:
    whole = sample(100, 30).mask.sum()
    occluded = [(image, mask) for image, mask, *_ in composed if 500 < mask.sum() < whole]
    assert occluded
    for image, mask in occluded:
        assert mask[47:49, 47:49].all()
        # The edge is one pixel soft on either side.
        assert (image[mask > 0] > 160).mean() < 0.15


def test_a_teacher_is_believed_where_it_saw_the_object_and_not_behind_what_stands_before_it(
    composed,
) -> None:
    whole = sample(100, 30).mask.sum()
    for made in composed:
        transplanted = made.mask.sum() < 500
        assert made.confidence == (0 if transplanted else np.float32(0.9))
        if not transplanted and made.mask.sum() < whole:
            assert ((made.logits > 0) == made.mask).all()
            assert made.logits.min() == -64


def test_an_object_that_fills_its_crop_is_not_pasted() -> None:
    first = sample(100, 30)
    filled = Sample.without_teacher(np.zeros((96, 96, 3), np.uint8), np.ones((96, 96), np.uint8), 1)
    assert compose(first, filled, np.random.default_rng(0)) is first


def test_blending_changes_nothing_far_from_the_edge() -> None:
    background = np.full((96, 96, 3), 7, np.uint8)
    image, mask, *_ = sample(200, 20)
    mixed = blend(background, image, mask)
    assert (mixed[:20] == 7).all()
    assert (mixed[44:52, 44:52] == 200).all()
