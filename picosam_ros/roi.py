"""The ROI is the prompt: the part of the image that the network sees, and every mapping around it.

Four grids of pixels exist: sensor, image, ROI, network. Each is a rectangle of another one,
resampled; so one affine per pair is all there is, and `Roi.affine_to` makes it.

Coordinates have pixel centres at whole numbers in every grid. Resampling keeps the *edges* of
the outermost pixels in place (as cv2.resize does), hence the halves below.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Affine:
    """An axis-aligned affine map of pixel coordinates: x' = scale_x·x + shift_x, y' likewise."""

    scale_x: float
    scale_y: float
    shift_x: float
    shift_y: float

    def __call__(self, x: float, y: float) -> tuple[float, float]:
        """Map one point."""
        return self.scale_x * x + self.shift_x, self.scale_y * y + self.shift_y

    def inverse(self) -> Affine:
        """The way back."""
        return Affine(
            1 / self.scale_x,
            1 / self.scale_y,
            -self.shift_x / self.scale_x,
            -self.shift_y / self.scale_y,
        )

    def then(self, after: Affine) -> Affine:
        """This map, and `after` on its result."""
        return Affine(
            self.scale_x * after.scale_x,
            self.scale_y * after.scale_y,
            after.scale_x * self.shift_x + after.shift_x,
            after.scale_y * self.shift_y + after.shift_y,
        )

    @property
    def matrix(self) -> npt.NDArray[np.float64]:
        """2×3, as OpenCV takes it."""
        return np.array([[self.scale_x, 0, self.shift_x], [0, self.scale_y, self.shift_y]])


@dataclass(frozen=True)
class Roi:
    """A rectangle of a parent grid, in its pixels: columns x … x + width - 1, rows likewise.

    It may reach over the parent's border. The host's ROIs are whole numbers; one that came
    from the sensor's finer grid may have fractions.
    """

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def square(cls, x: float, y: float, side: int) -> Roi:
        """The square of whole pixels whose centre is nearest to (x, y).

        An even side cannot have a pixel at its centre; it lies half a pixel to the top left
        then, so that 96 pixels around column c start at c - 48.
        """
        corner = (side - 1) / 2
        return cls(_round_half_down(x - corner), _round_half_down(y - corner), side, side)

    def affine_to(self, width: int, height: int) -> Affine:
        """Parent pixels to the pixels of this rectangle resampled to width × height.

        With the ROI in the image and the network's size: image to network. With the sensor's
        crop and the image's size: sensor to image.
        """
        scale_x, scale_y = width / self.width, height / self.height
        return Affine(
            scale_x,
            scale_y,
            (0.5 - self.x) * scale_x - 0.5,
            (0.5 - self.y) * scale_y - 0.5,
        )

    def through(self, affine: Affine) -> Roi:
        """The same rectangle in another grid, edge by edge."""
        x0, y0 = affine(self.x - 0.5, self.y - 0.5)
        x1, y1 = affine(self.x + self.width - 0.5, self.y + self.height - 0.5)
        return Roi(x0 + 0.5, y0 + 0.5, x1 - x0, y1 - y0)

    @property
    def centre(self) -> tuple[float, float]:
        """x, y."""
        return self.x + (self.width - 1) / 2, self.y + (self.height - 1) / 2

    @property
    def whole(self) -> bool:
        """Whether it has no fractions of pixels."""
        return not (self.x % 1 or self.y % 1 or self.width % 1 or self.height % 1)

    def rounded(self) -> Roi:
        """The nearest rectangle of whole pixels, at least one pixel large."""
        x0, y0 = round(self.x), round(self.y)
        x1, y1 = round(self.x + self.width), round(self.y + self.height)
        return Roi(x0, y0, max(x1 - x0, 1), max(y1 - y0, 1))

    def snapped(self, within: float) -> Roi:
        """Whole pixels if that moves no edge by more than `within` pixels; else the same."""
        whole = self.rounded()
        left, top = whole.x - self.x, whole.y - self.y
        right, bottom = left + whole.width - self.width, top + whole.height - self.height
        return whole if max(map(abs, (left, top, right, bottom))) <= within else self

    def shifted_inside(self, width: int, height: int) -> Roi:
        """Move, and shrink if there is no other way, into a parent of this size.

        This is what a sensor must do: it has no pixels beyond its border, so there the prompt
        leaves the centre of the ROI.
        """
        w, h = min(self.width, width), min(self.height, height)
        x, y = min(max(self.x, 0), width - w), min(max(self.y, 0), height - h)
        return Roi(x, y, w, h)

    def clipped(self, width: int, height: int) -> Roi:
        """The part that a parent of this size has; zero-sized if they do not meet."""
        x0, y0 = max(self.x, 0), max(self.y, 0)
        x1, y1 = min(self.x + self.width, width), min(self.y + self.height, height)
        return Roi(x0, y0, max(x1 - x0, 0), max(y1 - y0, 0))


def _round_half_down(value: float) -> int:
    return math.ceil(value - 0.5)
