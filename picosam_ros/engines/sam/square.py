"""A picture in the top-left corner of the network's square, its long side filling it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.frame import Pixels
from picosam_ros.roi import Roi

# A mask is cut out with so much around the object, as a share of its long side, and at least so
# many of the decoder's pixels a side.
AIR = 0.5
LEAST = 16


@dataclass(frozen=True)
class Square:
    """Where a picture lies in a square of `side` pixels (SAM's ResizeLongestSide and padding)."""

    image_width: int
    image_height: int
    side: int

    @property
    def width(self) -> int:
        """Columns that the picture fills."""
        return self._scaled(self.image_width)

    @property
    def height(self) -> int:
        """Rows that the picture fills."""
        return self._scaled(self.image_height)

    @property
    def roi(self) -> Roi:
        """The whole square in pixels of the image; it reaches over the short side."""
        return Roi(
            0,
            0,
            self.side * self.image_width / self.width,
            self.side * self.image_height / self.height,
        )

    def place(self, points: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Image pixels, N×2 of x, y, as the decoder takes them.

        A plain scaling, as SAM's apply_coords has it: pixel centres are off by less than half a
        pixel of the square, and the networks were trained with that.
        """
        scale = np.array([self.width / self.image_width, self.height / self.image_height])
        return np.asarray(np.asarray(points, np.float64) * scale, np.float32)

    def resized(self, pixels: Pixels) -> Pixels:
        """The picture at the size that it has in the square."""
        shrinks = self.side < max(self.image_width, self.image_height)
        method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        resized = cv2.resize(pixels, (self.width, self.height), interpolation=method)
        return np.asarray(resized, np.uint8)

    def cut(self, logits: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], Roi]:
        """Cut the object out of a square's mask: its neighbourhood, and where that is.

        Nothing is lost: what is cut off is not the object, and lies a pixel from it at least.

        Args:
            logits: n×n of the whole square; above 0 is the object.

        Returns:
            A contiguous copy, and the ROI that it covers, in pixels of the image.

        """
        size = len(logits)
        # The pixel beyond the picture's edge takes part in the interpolation of the last one.
        columns = min(math.ceil(size * self.width / self.side) + 1, size)
        rows = min(math.ceil(size * self.height / self.side) + 1, size)
        found = (logits[:rows, :columns] > 0).view(np.uint8)
        x, y, width, height = cv2.boundingRect(found)
        window = Roi(0, 0, columns, rows)
        if width:
            side = max(math.ceil((1 + 2 * AIR) * max(width, height)) + 2, LEAST)
            around = Roi.square(x + (width - 1) / 2, y + (height - 1) / 2, side)
            window = around.shifted_inside(columns, rows)
        x, y = int(window.x), int(window.y)
        part = logits[y : y + int(window.height), x : x + int(window.width)]
        # Both grids begin at the same corner.
        across, down = self.roi.width / size, self.roi.height / size
        roi = Roi(x * across, y * down, window.width * across, window.height * down)
        return np.ascontiguousarray(part), roi

    def _scaled(self, length: int) -> int:
        return max(int(length * self.side / max(self.image_width, self.image_height) + 0.5), 1)
