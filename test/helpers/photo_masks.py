"""Masks of photographed things, for the tests of the training."""

import cv2
import numpy as np


def disc(shape: tuple[int, int], centre: tuple[int, int], radius: int) -> np.ndarray:
    """uint8 mask of a disc around (x, y)."""
    mask = np.zeros(shape, np.uint8)
    return cv2.circle(mask, centre, radius, 1, -1)
