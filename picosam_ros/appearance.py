"""What an object looks like: colours that it has and its surroundings have not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from picosam_ros.frame import Pixels

Weights = npt.NDArray[np.floating]
Indices = npt.NDArray[np.uint16]

# Levels of each of R, G, B.
LEVELS = 8
_SHIFT = 5

# Of a level's weight that spills into each neighbour, so that a shade of light changes little.
_SPILL = 0.11

_SPILLED = (1 - 2 * _SPILL) * np.eye(LEVELS) + _SPILL * (np.eye(LEVELS, k=1) + np.eye(LEVELS, k=-1))

# The object changes slowly, what is around it fast.
OBJECT_RATE, SURROUNDINGS_RATE = 0.05, 0.2

# A colour that neither has is no evidence for the object.
_UNSEEN = 1e-4


class Appearance:
    """Two histograms of colours, learnt from masks.

    Args:
        pixels: h×w×3 uint8 RGB.
        weights: h×w, how surely each pixel is on the object; 0 for what is not.

    """

    def __init__(self, pixels: Pixels, weights: Weights) -> None:
        colours = _quantised(pixels)
        self._object = _histogram(colours, weights)
        self._surroundings = _histogram(colours, weights == 0)

    def likelihood(self, pixels: Pixels) -> npt.NDArray[np.float32]:
        """Tell for each of h×w pixels how likely its colour is the object's, 0 to 1."""
        odds = self._object / (self._object + self._surroundings + _UNSEEN)
        return odds.astype(np.float32)[_quantised(pixels)]

    def learn(self, pixels: Pixels, weights: Weights) -> None:
        """Follow slow changes, as light and turning make them."""
        colours = _quantised(pixels)
        self._object += OBJECT_RATE * (_histogram(colours, weights) - self._object)
        seen = _histogram(colours, weights == 0)
        self._surroundings += SURROUNDINGS_RATE * (seen - self._surroundings)


def _quantised(pixels: Pixels) -> Indices:
    levels = (pixels >> _SHIFT).astype(np.uint16)
    return levels @ np.array([LEVELS * LEVELS, LEVELS, 1], np.uint16)


def _histogram(colours: Indices, weights: Weights) -> npt.NDArray[np.float64]:
    counts = np.bincount(colours.ravel(), weights.ravel(), LEVELS**3)
    cube = counts.astype(np.float64).reshape(LEVELS, LEVELS, LEVELS)
    for _ in range(3):  # each turn spills along the last axis and makes it the first
        cube = np.tensordot(_SPILLED, cube, (1, 2))
    return cube.ravel() / max(cube.sum(), 1e-9)
