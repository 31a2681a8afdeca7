"""Drawing for charts, in pixels of the final image; supersampled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.frame import Pixels

Colour = tuple[int, int, int]
FONT = cv2.FONT_HERSHEY_DUPLEX
# OpenCV's fonts are strokes: drawn large and averaged down they are smooth.
SUPERSAMPLING = 4
# Height of a digit at OpenCV's scale 1.
_DIGIT = 22


class Canvas:
    """A white image of `width`×`height` pixels; colours are R, G, B."""

    def __init__(self, width: int, height: int) -> None:
        self._large = np.full((height * SUPERSAMPLING, width * SUPERSAMPLING, 3), 255, np.uint8)
        self._size = (width, height)

    def image(self) -> Pixels:
        """Return the image, H×W×3 uint8, R, G, B."""
        return np.asarray(cv2.resize(self._large, self._size, interpolation=cv2.INTER_AREA))

    def rectangle(self, x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
        """Fill a rectangle."""
        if x1 > x0 and y1 > y0:
            cv2.rectangle(self._large, _large(x0, y0), _large(x1, y1), colour, cv2.FILLED)

    def line(
        self, x0: float, y0: float, x1: float, y1: float, colour: Colour, width: float = 1.0
    ) -> None:
        """Draw a straight line."""
        thick = max(1, round(width * SUPERSAMPLING))
        cv2.line(self._large, _large(x0, y0), _large(x1, y1), colour, thick, cv2.LINE_AA)

    def dots(self, points: npt.NDArray[np.float64], radius: float, colour: Colour) -> None:
        """Fill N discs at N×2 points."""
        size = max(1, round(radius * SUPERSAMPLING))
        for x, y in points:
            cv2.circle(self._large, _large(x, y), size, colour, cv2.FILLED, cv2.LINE_AA)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        colour: Colour,
        *,
        height: float = 10.0,
        align: Literal['left', 'right', 'middle'] = 'left',
        bold: bool = False,
    ) -> None:
        """Write ASCII with its middle at row `y`; `height` is that of a digit."""
        scale = height * SUPERSAMPLING / _DIGIT
        thick = max(1, round(height * SUPERSAMPLING * (0.14 if bold else 0.09)))
        (width, _), _ = cv2.getTextSize(text, FONT, scale, thick)
        left = x * SUPERSAMPLING - width * {'left': 0.0, 'middle': 0.5, 'right': 1.0}[align]
        origin = (round(left), round((y + height / 2) * SUPERSAMPLING))
        cv2.putText(self._large, text, origin, FONT, scale, colour, thick, cv2.LINE_AA)


def ticks(greatest: float, count: int = 6) -> Sequence[float]:
    """Return about `count` round values from 0 up to `greatest`."""
    if not 0 < greatest < math.inf:
        return (0.0,)
    raw = greatest / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= raw * 0.999)
    return [step * index for index in range(math.floor(greatest / step + 1e-9) + 1)]


def _large(x: float, y: float) -> tuple[int, int]:
    return round(x * SUPERSAMPLING), round(y * SUPERSAMPLING)
