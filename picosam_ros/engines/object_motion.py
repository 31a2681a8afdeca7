"""How an object moves, as its masks tell."""

from __future__ import annotations

import math
from dataclasses import dataclass

from picosam_ros.mask import Mask
from picosam_ros.roi import Affine

STILL = Affine(1, 1, 0, 0)


@dataclass
class ObjectMotion:
    """How an object moved since its prompt came, frame by frame.

    Attributes:
        generation: of the prompt.
        travelled: pixels of its first image to those of the newest.
        mask: the newest that is not empty.
        jumps: what the next mask differs by is a correction and no motion.

    """

    generation: int
    travelled: Affine = STILL
    mask: Mask | None = None
    jumps: bool = False

    def go_on(self, mask: Mask) -> None:
        """Take the mask of the next frame."""
        if mask.empty:
            return
        if self.mask is not None and not self.jumps:
            self.travelled = self.travelled.then(_motion(self.mask, mask))
        self.mask, self.jumps = mask, False


def _motion(before: Mask, after: Mask) -> Affine:
    """Image pixels before to those after: centroid to centroid, and as much larger as the area."""
    (x0, y0), (x1, y1) = before.centroid or (0.0, 0.0), after.centroid or (0.0, 0.0)
    scale = math.sqrt(after.area / before.area)
    return Affine(scale, scale, x1 - scale * x0, y1 - scale * y0)
