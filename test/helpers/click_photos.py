"""Packed photos of discs, for the tests of the click network's training."""

from pathlib import Path

import numpy as np
from helpers.photo_masks import disc

from training.photos.pieces import PackedPhoto, pack, write

SHAPE = 96, 128


def photo(number: int, source: str = 'discs', held: bool = False) -> PackedPhoto:
    """Two light discs on a dark ground, one of them small."""
    rng = np.random.default_rng(number)
    pixels = rng.integers(0, 60, (*SHAPE, 3), np.uint8)
    masks = [
        disc(SHAPE, (int(rng.integers(30, 90)), 40), int(rng.integers(14, 28))),
        disc(SHAPE, (int(rng.integers(10, 110)), 84), 7),
    ]
    for mask in masks:
        pixels[mask > 0] = rng.integers(150, 255, 3)
    packed = pack(source, held, pixels, masks)
    assert packed is not None
    return packed


def write_pieces(folder: Path) -> Path:
    """Six photos to train on and two that are held out."""
    folder.mkdir(parents=True, exist_ok=True)
    write([photo(number, held=number >= 6) for number in range(8)], folder)
    return folder
