"""Crops to find the ranges of activations with: those that training draws, as they are."""

from itertools import islice
from pathlib import Path

import numpy as np

from training.data import readers
from training.data.sampling import Mixture, Sampler

CROPS = 512


def calibration_crops(store: Path, config: dict, size: int, count: int = CROPS) -> list[np.ndarray]:
    """RGB uint8 [S, S, 3] crops of training photos, none of which is measured on.

    Args:
        store: folder with one folder a source.
        config: of the training: weights of the sources, and the mixture of crops.
        size: S, of the network's input.
        count: of crops.

    """
    photos = readers.configured_photos(store, config)
    sampler = Sampler(photos, config['weights'], Mixture(**config['mixture']), 7, size)
    return [sample.image for sample in islice(sampler.plain(), count)]
