"""The motion of an object, estimated from its masks."""

from __future__ import annotations

import math
from dataclasses import dataclass

from picosam_ros.mask import Mask
from picosam_ros.roi import Affine

STILL = Affine(1, 1, 0, 0)


@dataclass
class ObjectMotion:
    """How an object moved since its prompt came, updated with the mask of every frame.

    Attributes:
        generation: of the prompt.
        motion: pixels of its first image to those of the newest.
        mask: the newest that is not empty.
        corrected: the next mask follows a correction: its difference to this one is no motion.

    """

    generation: int
    motion: Affine = STILL
    mask: Mask | None = None
    corrected: bool = False

    def update(self, mask: Mask) -> None:
        """Take the mask of the next frame."""
        if mask.empty:
            return
        if self.mask is not None and not self.corrected:
            self.motion = self.motion.then(_motion_between(self.mask, mask))
        self.mask, self.corrected = mask, False


def _motion_between(before: Mask, after: Mask) -> Affine:
    """Map image pixels: centroid to centroid, scaled as the area."""
    (x0, y0), (x1, y1) = before.centroid or (0.0, 0.0), after.centroid or (0.0, 0.0)
    scale = math.sqrt(after.area / before.area)
    return Affine(scale, scale, x1 - scale * x0, y1 - scale * y0)
