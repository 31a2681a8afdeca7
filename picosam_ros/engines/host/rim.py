"""Masks that the border of their square cuts off."""

from __future__ import annotations

import math

from picosam_ros.mask import Mask
from picosam_ros.roi import Roi

# Side of the square that such an object is looked at in once more, relative to that before.
LARGER = 1.5


def is_cut(mask: Mask) -> bool:
    """Whether a mask reaches the border of its square where the image goes on beyond it."""
    inside, roi = mask.logits > 0, mask.roi
    rows, columns = inside.shape
    across, down = roi.width / columns, roi.height / rows
    return bool(
        (roi.x >= across and inside[:, 0].any())
        or (roi.y >= down and inside[0].any())
        or (roi.x + roi.width <= mask.image_width - across and inside[:, -1].any())
        or (roi.y + roi.height <= mask.image_height - down and inside[-1].any())
    )


def larger_square(mask: Mask) -> Roi:
    """Return the square around that of a mask."""
    return Roi.square(*mask.roi.centre, math.ceil(LARGER * mask.roi.width))
