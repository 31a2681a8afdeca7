"""The stream of training crops."""

from collections import Counter
from dataclasses import astuple
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from picosam_ros.engines.squares import square_around
from picosam_ros.evaluation import protocols
from training.data import readers
from training.data.augment import augment
from training.data.crops import bounds
from training.data.readers import Photo
from training.data.sample import Sample
from training.data.sampling import (
    Mixture,
    Sampler,
    _photo_chances,
    draw_box,
    draw_point,
    draw_window,
)

WEIGHTS = {'coco_train': 0.6, 'ecssd': 0.3, 'mushrooms': 0.1}


@pytest.fixture(scope='module')
def photos(store):
    return readers.training_photos(store, set(), WEIGHTS)


def test_every_source_is_drawn_by_its_weight_and_not_by_its_size(photos) -> None:
    chances = _photo_chances(photos, WEIGHTS)
    shares = Counter()
    for photo, chance in zip(photos, chances, strict=True):
        shares[photo.source] += chance
    assert shares == pytest.approx(WEIGHTS)


def test_a_source_without_weight_is_refused_by_name(photos) -> None:
    with pytest.raises(ValueError, match='mushrooms'):
        Sampler(photos, {'coco_train': 1, 'ecssd': 1}, Mixture(), 0)


def test_the_same_seed_gives_the_same_crops_and_another_seed_others(photos) -> None:
    def first(seed: int) -> np.ndarray:
        sampler = Sampler(photos, WEIGHTS, Mixture(), seed)
        return np.stack([sample.image for sample in islice(sampler, 8)])

    assert (first(3) == first(3)).all()
    assert (first(3) != first(4)).any()


def test_every_crop_shows_some_of_its_object(photos) -> None:
    mixture = Mixture(pasted=0.3, wide=0.3)
    for image, mask, seen, *_ in islice(Sampler(photos, WEIGHTS, mixture, 5), 200):
        assert image.shape == (96, 96, 3)
        assert image.dtype == mask.dtype == np.uint8
        assert mask.any()
        assert mask.max() == 1
        assert 0 < seen <= 1


def test_crowded_photos_are_drawn_by_the_stated_power_of_their_objects() -> None:
    photos = [Photo('a', str(n), Path(), '', ({},) * n) for n in (1, 16)]
    chances = _photo_chances(photos, {'a': 1.0}, crowding=0.75)
    assert chances[1] / chances[0] == pytest.approx(8)


def test_prompts_lie_on_the_object_and_in_the_photo(photos) -> None:
    rng, mask = np.random.default_rng(0), photos[0].mask(0)
    for _ in range(200):
        x, y = draw_point(mask, Mixture(), rng)
        assert mask[y, x]


def test_sized_squares_span_the_stated_multiples_of_the_object() -> None:
    mask, rng = np.zeros((400, 400), np.uint8), np.random.default_rng(0)
    mask[180:220, 190:210] = 1
    mixture = Mixture(native=0, cut=(0, 0), shifted=0)
    sides = [draw_window(mask, (200, 200), mixture, rng).width for _ in range(500)]
    assert min(sides) >= 0.6 * 40 - 1
    assert max(sides) <= 3.0 * 40
    assert max(sides) > 2.7 * 40
    assert min(sides) < 0.7 * 40


def test_squares_around_boxes_are_those_of_the_engine_but_for_a_sloppy_hand() -> None:
    mask, rng = np.zeros((400, 400), np.uint8), np.random.default_rng(0)
    mask[150:250, 180:220] = 1
    exact = square_around(protocols.tight_box(mask))
    drawn = np.array([astuple(draw_box(mask, Mixture(shifted=0), rng)) for _ in range(500)])
    middles = drawn[:, :2] + drawn[:, 2:] / 2
    assert middles.mean(0) == pytest.approx((exact.x + exact.width / 2,) * 2, abs=1)
    assert drawn[:, 2].mean() == pytest.approx(exact.width, rel=0.02)
    assert middles.std(0) == pytest.approx((0.05 * 40 / 2**0.5, 0.05 * 100 / 2**0.5), rel=0.2)
    assert (drawn[:, 2] == drawn[:, 3]).all()


def test_the_stated_share_of_the_squares_is_around_boxes(photos) -> None:
    mixture = Mixture(boxed=1, native=1, cut=(0, 0), shifted=0)
    for prompt in islice(Sampler(photos, WEIGHTS, mixture, 0).prompts(), 100):
        box = bounds(prompt.mask)
        assert prompt.window.width == pytest.approx(1.2 * max(box.width, box.height), rel=0.4)


def test_changed_crops_keep_the_object_under_the_prompt() -> None:
    mask, rng = np.zeros((96, 96), np.uint8), np.random.default_rng(0)
    mask[40:57, 40:80] = 1
    image = np.where(mask[..., None] > 0, 200, 30).astype(np.uint8).repeat(3, 2)
    sample = Sample.without_teacher(image, mask, 1)
    for _ in range(100):
        changed, kept, *_ = augment(sample, rng)
        assert changed.shape == image.shape
        assert kept[47:49, 47:49].all()
        assert np.median(changed[kept > 0]) > np.median(changed[kept == 0]) + 40


def test_the_answer_of_a_teacher_moves_with_the_mask() -> None:
    mask, rng = np.zeros((96, 96), np.uint8), np.random.default_rng(0)
    mask[40:70, 20:60] = 1
    image = mask[..., None].repeat(3, 2) * np.uint8(200)
    sample = Sample.without_teacher(image, mask, 1).with_teacher(np.where(mask, 6.0, -6.0), 0.9)
    moved = 0
    for _ in range(100):
        changed = augment(sample, rng)
        assert changed.logits.dtype == np.int8
        assert changed.confidence == np.float32(0.9)
        moved += (changed.mask != mask).any()
        both = ((changed.logits > 0) & (changed.mask > 0)).sum()
        assert both > 0.97 * max((changed.logits > 0).sum(), changed.mask.sum())
    assert moved > 40


def test_crops_have_the_side_that_is_asked_for_and_show_the_same(photos) -> None:
    small, large = (
        next(iter(Sampler(photos, WEIGHTS, Mixture(native=1), 3, size).plain()))
        for size in (96, 128)
    )
    assert large.image.shape == (128, 128, 3)
    assert large.mask.shape == large.logits.shape == (128, 128)
    assert large.mask.mean() == pytest.approx(small.mask.mean(), abs=0.02)


def test_unlabelled_prompts_lie_anywhere_in_the_photo_in_squares_around_them(photos) -> None:
    prompts = Sampler(photos, WEIGHTS, Mixture(unlabelled=0.5, cut=(0, 0), shifted=0), 0).prompts()
    drawn = list(islice(prompts, 400))
    free = [prompt for prompt in drawn if prompt.mask is None]
    assert 150 < len(free) < 250
    for prompt in drawn:
        assert prompt.place(96) == pytest.approx((48, 48), abs=3)
    columns = np.array([prompt.point[0] for prompt in free]) / 160
    assert columns.min() < 0.1
    assert columns.max() > 0.9
    assert not free[0].sample(96).mask.any()
