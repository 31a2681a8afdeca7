"""Drawing for charts, in pixels of the final image; supersampled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.drawing.text import render_text
from picosam_ros.frame import Pixels

Colour = tuple[int, int, int]
Plane = npt.NDArray[np.float32]
# Drawn large and averaged down, edges are smooth.
SUPERSAMPLING = 4


class Canvas:
    """A white image of `width`×`height` pixels; colours are R, G, B."""

    def __init__(self, width: int, height: int) -> None:
        self._large = np.full((height * SUPERSAMPLING, width * SUPERSAMPLING, 3), 255, np.uint8)
        self._size = (width, height)
        # Column, row, ink and colour; written last and not averaged, so that they are sharp.
        self._texts: list[tuple[int, int, Plane, Colour]] = []

    def image(self) -> Pixels:
        """Return the image, H×W×3 uint8, R, G, B."""
        small = cv2.resize(self._large, self._size, interpolation=cv2.INTER_AREA)
        image = np.array(small, np.uint8)
        for x, y, ink, colour in self._texts:
            _write(image, x, y, ink, colour)
        return image

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
        ink = render_text(text, height, bold=bold)
        rows, columns = ink.shape
        left = round(x - columns * {'left': 0.0, 'middle': 0.5, 'right': 1.0}[align])
        self._texts.append((left, round(y - rows / 2), ink, colour))


def ticks(greatest: float, count: int = 6) -> Sequence[float]:
    """Return about `count` round values from 0 up to `greatest`."""
    if not 0 < greatest < math.inf:
        return (0.0,)
    raw = greatest / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= raw * 0.999)
    return [step * index for index in range(math.floor(greatest / step + 1e-9) + 1)]


def _write(image: Pixels, x: int, y: int, ink: Plane, colour: Colour) -> None:
    """Blend ink into an image, in place; what lies beyond its border is cut."""
    left, top = max(x, 0), max(y, 0)
    share = ink[top - y :, left - x :, None]
    view = image[top : top + share.shape[0], left : left + share.shape[1]]
    share = share[: view.shape[0], : view.shape[1]]
    view[...] = (view * (1 - share) + np.array(colour, np.float32) * share + 0.5).astype(np.uint8)


def _large(x: float, y: float) -> tuple[int, int]:
    return round(x * SUPERSAMPLING), round(y * SUPERSAMPLING)
