"""Objects that nobody labelled become a source of their own."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers.labelled import compress
from helpers.photo_masks import disc

from picosam_ros import open_engine
from picosam_ros.evaluation.coco_masks import decode_rle
from picosam_ros.models import DEFAULT_MODEL

pytest.importorskip('tqdm', reason='only training has it')

from training.data import readers
from training.data.found import find, line
from training.data.readers import Photo

SHAPE = (240, 320)
LABELLED, OTHER = disc(SHAPE, (80, 120), 26), disc(SHAPE, (230, 120), 26)


@pytest.fixture
def photo(tmp_path: Path) -> Photo:
    """Two balls, one of them labelled, and one that the border cuts."""
    pixels = np.full((*SHAPE, 3), 60, np.uint8)
    pixels[LABELLED > 0] = (40, 60, 230)
    pixels[OTHER > 0] = (220, 90, 30)
    pixels[disc(SHAPE, (160, 0), 30) > 0] = (200, 200, 200)
    file = tmp_path / 'shop' / 'img' / 'balls.png'
    file.parent.mkdir(parents=True)
    cv2.imwrite(str(file), pixels)
    return Photo('shop', file.name, file, 'balls.jpg', (compress(LABELLED),))


def test_what_is_labelled_or_cut_by_the_border_is_not_found_again(photo, tmp_path) -> None:
    with open_engine('host', model=DEFAULT_MODEL, threads=1) as engine:
        masks = find(engine, photo, budget=20.0)
    found = [decode_rle(mask['rle']) > 0 for mask in masks]
    assert any((mask & OTHER).sum() > 0.8 * (mask | OTHER).sum() for mask in found)
    assert not any((mask & LABELLED).sum() > 0.5 * (mask | LABELLED).sum() for mask in found)
    assert not any(mask[0].any() for mask in found)
    listing = tmp_path / 'shop_found' / 'masks.jsonl'
    listing.parent.mkdir()
    listing.write_text(line(photo, masks) + '\n')
    [read] = readers.read_source(tmp_path, 'shop_found')
    assert (read.pixels() == photo.pixels()).all()
    assert read.original == 'balls.jpg'
    assert (read.mask(0) == decode_rle(json.loads(listing.read_text())['masks'][0]['rle'])).all()
