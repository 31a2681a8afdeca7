"""Where a film is cut: another scene from one frame to the next.

A camera that turns quickly keeps most colours; a light that is switched on keeps the structure;
what comes before the camera leaves the blocks of the image that it does not hide. After a cut none
of these is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.frame import Frame
from picosam_ros.tracking.observation import LEVELS, colours_of

# Columns and rows of the image that is compared.
SIZE = (32, 24)

# Colours are the same at 1 (Bhattacharyya coefficient), structures at 1 (correlation of the grey
# values).
COLOURS, STRUCTURE = 0.75, 0.4

# A block of so many pixels a side is the same at this correlation and difference of its mean; of so
# many blocks, the scene is there.
BLOCK, SAME, LEVELS_APART, SAME_BLOCKS = 8, 0.9, 20, 2

# Standard deviation of the grey values of an image that shows no scene, as between two that fade
# out and in.
BLANK = 3.0


@dataclass(frozen=True, eq=False)
class Scene:
    """What a frame shows, as far as it is compared.

    Attributes:
        colours: square roots of the shares of all colours, float64.
        grey: SIZE, float32.

    """

    colours: npt.NDArray[np.float64]
    grey: npt.NDArray[np.float32]

    @classmethod
    def of(cls, frame: Frame) -> Scene | None:
        """Return the scene of a frame; None if it shows none."""
        small = np.asarray(cv2.resize(frame.pixels, SIZE, interpolation=cv2.INTER_LINEAR), np.uint8)
        counts = np.bincount(colours_of(small).ravel(), minlength=LEVELS**3)
        grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
        if float(grey.std()) < BLANK:
            return None
        return cls(np.sqrt(counts / counts.sum()), grey)

    def is_cut_from(self, before: Scene) -> bool:
        """Whether this is another scene than that of a frame just before."""
        if float(before.colours @ self.colours) > COLOURS:
            return False
        if _correlation(before.grey, self.grey) >= STRUCTURE:
            return False
        same = sum(map(_is_same, _blocks(before.grey), _blocks(self.grey)))
        return same < SAME_BLOCKS


def _blocks(grey: npt.NDArray[np.float32]) -> Iterator[npt.NDArray[np.float32]]:
    for row in range(0, grey.shape[0], BLOCK):
        for column in range(0, grey.shape[1], BLOCK):
            yield grey[row : row + BLOCK, column : column + BLOCK]


def _is_same(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> bool:
    """Whether two blocks show the same, which those without any structure cannot tell."""
    if min(float(a.std()), float(b.std())) < BLANK:
        return False
    return abs(float(a.mean() - b.mean())) < LEVELS_APART and _correlation(a, b) > SAME


def _correlation(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.vdot(a, b)) / size if size else 1.0
