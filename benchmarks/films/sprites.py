"""Objects cut out of photos, with soft rims, to be pasted into images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.films.photo_files import photo_file
from benchmarks.films.photo_outlines import OUTLINES
from benchmarks.films.sequences import Inside
from picosam_ros.frame import Pixels

# Of an object that was this small in its photo the pixels would show.
LARGEST_SCALE = 3.0
# Pixels around the outline, in which its rim fades.
MARGIN = 8
# Blur of the rim, as a lens makes it; in pixels of the sprite.
RIM = 1.2

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sprite:
    """A cut-out object.

    Attributes:
        pixels: height×width×3 uint8 RGB.
        cover: height×width float32, 1 on the object, 0 beside it.

    """

    pixels: Pixels
    cover: npt.NDArray[np.float32]

    @property
    def side(self) -> int:
        """The object's long side in pixels."""
        return max(self.cover.shape) - 2 * MARGIN

    def placed(self, x: float, y: float, side: float, turn: float) -> Matrix:
        """Return the 2×3 matrix that moves its middle to x, y, turned by so many degrees."""
        height, width = self.cover.shape
        middle = (width - 1) / 2, (height - 1) / 2
        matrix = cv2.getRotationMatrix2D(middle, turn, side / self.side)
        matrix[:, 2] += (x - middle[0], y - middle[1])
        return np.asarray(matrix, np.float64)

    def paste(self, image: Pixels, matrix: Matrix) -> None:
        """Draw it into an image."""
        if (window := self._window(image.shape[:2], matrix)) is None:
            return
        rows, columns, moved = window
        size = columns.stop - columns.start, rows.stop - rows.start
        pixels = cv2.warpAffine(
            self.pixels, moved, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        cover = cv2.warpAffine(self.cover, moved, size)[..., None]
        below = image[rows, columns]
        below[...] = np.round(below + cover * (pixels.astype(np.float32) - below))

    def inside(self, shape: tuple[int, int], matrix: Matrix) -> Inside:
        """Return the pixels of an image, height and width, that it covers by half or more."""
        found = np.zeros(shape, np.bool_)
        if (window := self._window(shape, matrix)) is not None:
            rows, columns, moved = window
            size = columns.stop - columns.start, rows.stop - rows.start
            found[rows, columns] = cv2.warpAffine(self.cover, moved, size) >= 0.5
        return found

    def _window(self, shape: tuple[int, ...], matrix: Matrix) -> tuple[slice, slice, Matrix] | None:
        """Return the rows and columns that it lies in, and the matrix into them; None if out."""
        height, width = self.cover.shape
        corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]])
        ends = corners @ matrix.T
        x0, y0 = np.maximum(np.floor(ends.min(0)), 0).astype(int)
        x1, y1 = np.minimum(np.ceil(ends.max(0)), (shape[1], shape[0])).astype(int)
        if x1 <= x0 or y1 <= y0:
            return None
        moved = matrix.copy()
        moved[:, 2] -= (x0, y0)
        return slice(y0, y1), slice(x0, x1), moved


def longest(photo: str, name: str) -> float:
    """Return the longest side, in pixels, at which an object of OUTLINES is still sharp enough."""
    return float(LARGEST_SCALE * np.ptp(OUTLINES[photo][name], axis=0).max())


@cache
def sprite(photo: str, name: str, side: int) -> Sprite:
    """Cut an object of OUTLINES out; its long side gets this length, or what its pixels allow."""
    outline = np.array(OUTLINES[photo][name], np.float64)
    scale = min(side, longest(photo, name)) / np.ptp(outline, axis=0).max()
    width, height = np.round(scale * np.ptp(outline, axis=0)).astype(int) + 2 * MARGIN
    matrix = np.array([[scale, 0, MARGIN], [0, scale, MARGIN]])
    matrix[:, 2] -= scale * outline.min(0)
    file = cv2.imread(str(photo_file(photo)))
    pixels = cv2.cvtColor(_shrunk(file, matrix, (width, height)), cv2.COLOR_BGR2RGB)
    filled = np.zeros((height, width), np.uint8)
    corners = outline @ matrix[:, :2].T + matrix[:, 2]
    # Eight bits of fractions; drawn by hand, outlines lie half a pixel too far out.
    cv2.fillPoly(filled, [np.round(256 * corners).astype(np.int32)], 255, cv2.LINE_AA, shift=8)
    filled = cv2.erode(filled, np.ones((3, 3), np.uint8))
    cover = cv2.GaussianBlur(filled.astype(np.float32) / 255, (0, 0), RIM)
    return Sprite(pixels, cover)


def _shrunk(photo: Pixels, matrix: Matrix, size: tuple[int, int]) -> Pixels:
    """Move a photo's pixels; where they get fewer, without the pattern that skipping some makes."""
    scale = float(matrix[0, 0])
    if scale < 1:
        photo = cv2.GaussianBlur(photo, (0, 0), 0.5 / scale)
    moved = cv2.warpAffine(
        photo, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, np.uint8)
