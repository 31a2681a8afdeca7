"""What the tracker sees of an object: its mask and its colours, coarsely, and where it may be."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.frame import Frame, Pixels
from picosam_ros.mask import Mask
from picosam_ros.roi import Affine, Roi
from picosam_ros.tracking.colour_model import ColourModel, Colours, colours_of

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
