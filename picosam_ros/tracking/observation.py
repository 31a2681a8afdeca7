"""What the tracker sees of an object: its mask and its colours, coarsely, and where it may be.

The colours are those that the object has and its surroundings have not: histograms under a kernel,
compared by the Bhattacharyya coefficient, as in Comaniciu, Ramesh and Meer, "Kernel-based object
tracking" (PAMI 25, 2003).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from picosam_ros.frame import Frame, Pixels
from picosam_ros.mask import Mask
from picosam_ros.roi import Affine, Roi

Map = npt.NDArray[np.float32]

# Side of the squares that are compared: half of the network's.
GRID = 48

# How far from where it is expected an object counts: the standard deviation, in these pixels.
SPREAD = 0.3 * GRID

# The same for all offsets from the grid: its middle is where the object is expected.
_FALL = np.exp(-(np.arange(-GRID, GRID + 1, dtype=np.float32) ** 2) / (2 * SPREAD**2))
_NEARNESS: Map = np.outer(_FALL, _FALL)

# An object is searched for in an image that is reduced until it is a spot of this side there, but
# to no more than so many pixels on the long side.
SPOT, LONGEST = 8, 96

# A spot that is less like the object is not worth a run of the network.
LEAST_LIKENESS = 0.6

Colours = npt.NDArray[np.uint16]
Histogram = npt.NDArray[np.float64]
Weights = npt.NDArray[np.floating]

# Levels of each of R, G, B in the colour model.
LEVELS = 8
_SHIFT = 5
_PLACES = np.array([LEVELS * LEVELS, LEVELS, 1], np.uint16)

# Of a level's weight that spills into each neighbour, so that a shade of light changes little.
_SPILL = 0.11

_SPILLED = (1 - 2 * _SPILL) * np.eye(LEVELS) + _SPILL * (np.eye(LEVELS, k=1) + np.eye(LEVELS, k=-1))
_SPILLED_TWICE = np.kron(_SPILLED, _SPILLED)

# The object changes slowly, what is around it fast.
OBJECT_RATE, SURROUNDINGS_RATE = 0.05, 0.2

# A colour that neither has is no evidence for the object.
_UNSEEN = 1e-4


@dataclass(frozen=True, eq=False)
class Observation:
    """A mask and what the network saw, at a resolution that is enough to follow.

    Attributes:
        mask: of one object.
        colours: GRID×GRID, of what the network saw.
        near: GRID×GRID, how near a pixel is to where the object was expected, 0 to 1. So a
            neighbour that the mask takes in counts little.
        depth: the same times how far inside the mask a pixel lies, in pixels; 0 outside of the
            mask. A leak of the mask is thin as a rule, so that depth does not see it.
        to_image: pixels of this grid to image pixels.

    """

    mask: Mask
    colours: Colours
    near: Map
    depth: Map
    to_image: Affine

    @classmethod
    def of(cls, frame: Frame, mask: Mask) -> Observation:
        """Sample what the network saw; beyond the border, the border's own pixels."""
        to_grid = mask.roi.affine_to(GRID, GRID)
        to_image = to_grid.inverse()
        logits = cv2.resize(mask.logits, (GRID, GRID), interpolation=cv2.INTER_AREA)
        found = (logits > 0).view(np.uint8)
        depth = np.asarray(cv2.distanceTransform(found, cv2.DIST_L2, 3), np.float32)
        # A mask without any outside is infinitely deep.
        np.minimum(depth, GRID, out=depth)
        near = _nearness(*to_grid(*mask.prompt.centre))
        depth *= near
        pixels = cv2.warpAffine(
            frame.pixels,
            to_image.matrix,
            (GRID, GRID),
            flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return cls(mask, colours_of(np.asarray(pixels, np.uint8)), near, depth, to_image)

    @property
    def inside(self) -> Map:
        """GRID×GRID: as `near` in the mask, 0 outside of it."""
        return self.near * (self.depth > 0)

    def measure(self, likelihood: Map) -> tuple[float, float, float]:
        """Return centre x, y and square root of the area, in image pixels, of what is in the mask.

        Args:
            likelihood: GRID×GRID, how likely each pixel's colour is the object's.

        """
        weights = self.depth * self.depth * likelihood + 1e-9 * self.depth
        total = float(weights.sum())
        steps = np.arange(GRID)
        column, row = float(weights.sum(0) @ steps) / total, float(weights.sum(1) @ steps) / total
        pixel = self.to_image.scale_x * self.to_image.scale_y
        area = float((likelihood * self.inside).sum()) * pixel
        return *self.to_image(column, row), math.sqrt(max(area, 1.0))


def search(pixels: Pixels, appearance: ColourModel, size: float) -> tuple[float, float] | None:
    """Find the square of the object's size that looks most like it: x, y of its centre.

    Args:
        pixels: H×W×3 uint8 RGB.
        appearance: the object's.
        size: the square root of its area, in these pixels.

    Returns:
        None if nothing looks like it.

    """
    height, width = pixels.shape[:2]
    scale = min(SPOT / size, LONGEST / max(width, height))
    columns, rows = (max(round(scale * side), SPOT) for side in (width, height))
    small = cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_AREA)
    likeness = appearance.likenesses(colours_of(np.asarray(small, np.uint8)), SPOT)
    row, column = np.unravel_index(likeness.argmax(), likeness.shape)
    if likeness[row, column] < LEAST_LIKENESS:
        return None
    middle = (SPOT - 1) / 2
    to_image = Roi(0, 0, width, height).affine_to(columns, rows).inverse()
    return to_image(2 * int(column) + middle, 2 * int(row) + middle)


def _nearness(column: float, row: float) -> Map:
    left, top = (GRID - min(max(round(at), 0), GRID) for at in (column, row))
    return _NEARNESS[top : top + GRID, left : left + GRID]


class ColourModel:
    """Two histograms of colours, learnt from masks.

    Args:
        colours: h×w, of `colours_of`.
        weights: h×w, how surely each pixel is on the object; 0 for what is not.

    """

    def __init__(self, colours: Colours, weights: Weights) -> None:
        self._object = _histogram(colours, weights)
        self._surroundings = _histogram(colours, weights == 0)
        self._odds = self._compared()

    def likelihood(self, colours: Colours) -> npt.NDArray[np.float32]:
        """Return for each of h×w pixels how likely its colour is the object's, 0 to 1."""
        return self._odds[colours]

    def likeness(self, colours: Colours, weights: Weights) -> float:
        """Return how similar the colours of a mask are to the object's: 1 for the same, 0 for none.

        Other objects have one or the other colour of an object, and seldom the same mixture.
        """
        return float(np.sqrt(_histogram(colours, weights) * self._object).sum())

    def likenesses(self, colours: Colours, span: int) -> npt.NDArray[np.float64]:
        """Return it for squares of span×span pixels, from every second row and column on."""
        squares = sliding_window_view(colours, (span, span))[::2, ::2]
        rows, columns = squares.shape[:2]
        numbered = squares.reshape(rows * columns, -1).astype(np.intp)
        numbered += LEVELS**3 * np.arange(rows * columns)[:, None]
        counts = np.bincount(numbered.ravel(), minlength=rows * columns * LEVELS**3)
        shares = counts.reshape(rows, columns, -1) / span**2
        return np.asarray(np.sqrt(shares) @ np.sqrt(self._object))

    def learn(self, colours: Colours, weights: Weights) -> None:
        """Follow slow changes, as light and turning make them."""
        self._object += OBJECT_RATE * (_histogram(colours, weights) - self._object)
        around = _histogram(colours, weights == 0)
        self._surroundings += SURROUNDINGS_RATE * (around - self._surroundings)
        self._odds = self._compared()

    def _compared(self) -> npt.NDArray[np.float32]:
        odds = self._object / (self._object + self._surroundings + _UNSEEN)
        return odds.astype(np.float32)


def colours_of(pixels: Pixels) -> Colours:
    """Reduce h×w×3 uint8 RGB to h×w numbers of colours."""
    return (pixels >> _SHIFT).astype(np.uint16) @ _PLACES


def _histogram(colours: Colours, weights: Weights) -> Histogram:
    counts = np.bincount(colours.ravel(), weights.ravel(), LEVELS**3)
    # Along R and G at once, then along B.
    spilled = _SPILLED_TWICE @ counts.reshape(LEVELS**2, LEVELS) @ _SPILLED
    return spilled.ravel() / max(spilled.sum(), 1e-9)
