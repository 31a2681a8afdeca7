"""COCO's run lengths, decoded without pycocotools."""

import numpy as np
import pytest
from helpers.labelled import compress, run_lengths

from picosam_ros.errors import DatasetError
from picosam_ros.evaluation.coco_masks import decode


def _random_mask(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.random((37, 53)) < rng.uniform(0.02, 0.98)).astype(np.uint8)


def test_a_published_string_gives_the_mask_that_coco_means():
    # The first object of a COCO photo in the store: 637 pixels of a baseball bat.
    counts = '`WW44V=5L4L5J5L4M301O000O2O00001OO1O1O2N1O1O2N1N2K6K4L4LU>NlA10O101NZVf3'
    mask = decode({'size': [427, 640], 'counts': counts})
    assert mask.shape == (427, 640)
    assert mask.sum() == 637


@pytest.mark.parametrize('seed', range(5))
def test_decoding_gives_back_the_mask_that_was_written(seed):
    mask = _random_mask(seed)
    assert (decode(compress(mask)) == mask).all()


@pytest.mark.parametrize('seed', range(3))
def test_run_lengths_may_be_plain_numbers(seed):
    mask = _random_mask(seed)
    assert (decode(run_lengths(mask)) == mask).all()


@pytest.mark.parametrize('value', [0, 1])
def test_an_empty_and_a_full_mask_survive(value):
    mask = np.full((300, 400), value, np.uint8)
    assert (decode(compress(mask)) == mask).all()


@pytest.mark.parametrize('seed', range(3))
def test_decoding_agrees_with_pycocotools(seed):
    official = pytest.importorskip('pycocotools.mask')
    mask = _random_mask(seed)
    written = compress(mask)
    assert official.encode(np.asfortranarray(mask))['counts'].decode() == written['counts']
    assert (decode(written) == official.decode(written)).all()


def test_runs_that_do_not_fill_the_picture_are_refused():
    damaged = {**compress(_random_mask(0)), 'size': [37, 54]}
    with pytest.raises(DatasetError, match='37x54'):
        decode(damaged)
