"""What an object looks like: colours that it has and its surroundings have not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from picosam_ros.frame import Pixels

Weights = npt.NDArray[np.floating]

# Levels of each of R, G, B.
LEVELS = 8
_SHIFT = 5

# Of a level's weight that spills into each neighbour, so that a shade of light changes little.
_SPILL = 0.11

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


def _quantised(pixels: Pixels) -> npt.NDArray[np.intp]:
    r, g, b = (pixels[..., channel].astype(np.intp) >> _SHIFT for channel in range(3))
    return (r * LEVELS + g) * LEVELS + b


def _histogram(colours: npt.NDArray[np.intp], weights: Weights) -> npt.NDArray[np.float64]:
    counts = np.bincount(colours.ravel(), weights.ravel().astype(np.float64), LEVELS**3)
    cube = counts.astype(np.float64).reshape(LEVELS, LEVELS, LEVELS)
    for axis in range(3):
        cube = _spilt(cube, axis)
    return cube.ravel() / max(cube.sum(), 1e-9)


def _spilt(cube: npt.NDArray[np.float64], axis: int) -> npt.NDArray[np.float64]:
    padded = np.pad(cube, [(int(axis == i),) * 2 for i in range(3)], mode='edge')
    below, above = (np.take(padded, np.arange(LEVELS) + at, axis) for at in (0, 2))
    return (1 - 2 * _SPILL) * cube + _SPILL * (below + above)
