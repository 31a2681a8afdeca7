"""Where to click in a picture to find all that is in it: a grid, in large and small squares."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.frame import Frame, Pixels
from picosam_ros.prompt import MIN_ROI_SIZE


@dataclass(frozen=True)
class Level:
    """Clicks with squares of one side.

    Attributes:
        share: side of the square, as a share of the image's short side.
        spacing: of the clicks, likewise.
        kept: share of the clicks that are planned: those with the most contrast around them.

    """

    share: float
    spacing: float
    kept: float = 1.0


@dataclass(frozen=True)
class Click:
    """A point of the image, and the side of the square around it, in pixels."""

    x: float
    y: float
    side: int


# The large squares first, all of them; then the others, in turn.
LARGE = (Level(1.4, 0.3), Level(1.0, 0.2))
SMALL = (Level(0.5, 0.11, 0.7), Level(0.25, 0.07, 0.5), Level(0.12, 0.045, 0.5))

# Side of the window in which contrast is measured, as a share of the square's.
WINDOW = 0.5


def plan(frame: Frame) -> list[Click]:
    """Return the clicks in the order in which to make them: whenever it ends, it was worth it.

    In small squares, what has little contrast around it comes last or not at all: there are walls
    and sky, which the large squares show.
    """
    grey = cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2GRAY)
    ranked = [
        (rank, click) for level in SMALL for rank, click in _ranked(level, frame, np.asarray(grey))
    ]
    large = [click for level in LARGE for _, click in _ranked(level, frame, np.asarray(grey))]
    return large + [click for _, click in sorted(ranked, key=lambda pair: pair[0])]


def _ranked(level: Level, frame: Frame, grey: Pixels) -> list[tuple[float, Click]]:
    """Return the planned clicks of a level, each with its rank by contrast, 0 to 1."""
    short = min(frame.width, frame.height)
    side = max(MIN_ROI_SIZE, round(level.share * short))
    xs, ys = (_places(length, level.spacing * short) for length in (frame.width, frame.height))
    # The middle of each cell has the contrast of the window around it.
    contrast = _contrast(grey, max(3, round(WINDOW * side)))
    clicks = [Click(float(x), float(y), side) for y in ys for x in xs]
    clicks.sort(key=lambda click: -contrast[round(click.y), round(click.x)])
    kept = max(1, round(level.kept * len(clicks)))
    return [(index / kept, click) for index, click in enumerate(clicks[:kept])]


def _places(length: int, spacing: float) -> npt.NDArray[np.float64]:
    """Return pixels in the middle of equal parts of a side of the image."""
    count = max(1, round(length / spacing))
    return np.floor((np.arange(count) + 0.5) * length / count)


def _contrast(grey: Pixels, window: int) -> npt.NDArray[np.float32]:
    """Return the variance of the values in the window around each pixel."""
    values = grey.astype(np.float32)
    mean = cv2.blur(values, (window, window))
    return np.asarray(cv2.blur(values * values, (window, window)) - mean * mean, np.float32)
