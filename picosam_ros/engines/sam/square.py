"""An image in the top-left corner of the network's square input, scaled to its long side."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.frame import Pixels
from picosam_ros.prompt import Prompt
from picosam_ros.roi import Roi

Floats = npt.NDArray[np.float32]

# A mask is cut out with this margin on each side, as a share of the object's long side, and at
# least so many of the decoder's pixels wide.
MARGIN = 0.5
MIN_SIDE = 16

# The decoder's labels of points.
BACKGROUND, FOREGROUND, TOP_LEFT, BOTTOM_RIGHT, PADDING = 0.0, 1.0, 2.0, 3.0, -1.0


@dataclass(frozen=True)
class Square:
    """Where an image lies in a square of `side` pixels (SAM's ResizeLongestSide and padding)."""

    image_width: int
    image_height: int
    side: int

    @property
    def width(self) -> int:
        """Columns that the image fills."""
        return self._scaled(self.image_width)

    @property
    def height(self) -> int:
        """Rows that the image fills."""
        return self._scaled(self.image_height)

    @property
    def roi(self) -> Roi:
        """The whole square in pixels of the image; it exceeds the short side."""
        return Roi(
            0,
            0,
            self.side * self.image_width / self.width,
            self.side * self.image_height / self.height,
        )

    def place(self, points: npt.ArrayLike) -> Floats:
        """Return image pixels, N×2 of x, y, as the decoder takes them.

        A plain scaling, as SAM's apply_coords has it: pixel centres are off by less than half a
        pixel of the square, and the networks were trained with that.
        """
        scale = np.array([self.width / self.image_width, self.height / self.image_height])
        return np.asarray(np.asarray(points, np.float64) * scale, np.float32)

    def tokens(self, prompt: Prompt) -> tuple[Floats, Floats]:
        """Return a prompt as the decoder takes it: 1×N×2 of x, y in the square, and 1×N labels.

        A box is its two corners. An object that is followed has its last mask's if none of the
        user's points is left. Without a box, a point of padding is in its place, as in training
        (PromptEncoder pads where there is no box).
        """
        points = [(point.x, point.y) for point in prompt.points]
        labels = [FOREGROUND if point.positive else BACKGROUND for point in prompt.points]
        box = prompt.box
        if prompt.previous is not None and not prompt.positives:
            box = prompt.previous.box or box
        if box is None:
            points += [(0.0, 0.0)]
            labels += [PADDING]
        else:
            points += [(box.x0, box.y0), (box.x1, box.y1)]
            labels += [TOP_LEFT, BOTTOM_RIGHT]
        return self.place(points)[None], np.array([labels], np.float32)

    def resized(self, pixels: Pixels) -> Pixels:
        """Return the image at the size that it has in the square."""
        shrinks = self.side < max(self.image_width, self.image_height)
        method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        resized = cv2.resize(pixels, (self.width, self.height), interpolation=method)
        return np.asarray(resized, np.uint8)

    def cut(self, logits: Floats) -> tuple[Floats, Roi]:
        """Return the part of a square's mask with the object and a margin, and where that is.

        Nothing is lost: what is cut off is not the object, and at least a pixel away from it.

        Args:
            logits: n×n of the whole square; above 0 is the object.

        Returns:
            A contiguous copy, and the ROI that it covers, in pixels of the image.

        """
        size = len(logits)
        # The pixel beyond the image's edge takes part in the interpolation of the last one.
        columns = min(math.ceil(size * self.width / self.side) + 1, size)
        rows = min(math.ceil(size * self.height / self.side) + 1, size)
        found = (logits[:rows, :columns] > 0).view(np.uint8)
        x, y, width, height = cv2.boundingRect(found)
        window = Roi(0, 0, columns, rows)
        if width:
            side = max(math.ceil((1 + 2 * MARGIN) * max(width, height)) + 2, MIN_SIDE)
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
