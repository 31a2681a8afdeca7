"""Small parts of a mask that are no part of the object."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from picosam_ros.mask import Mask

# A connected part with less than this share of a mask's area is noise.
SMALLEST_PART = 0.01


def without_specks(mask: Mask) -> Mask:
    """Return a mask without the parts that are noise; one with a positive point of it stays.

    Parts are counted in network pixels, which connect at sides and at corners: so the time does
    not depend on the size of the image.
    """
    count, parts, statistics, _ = cv2.connectedComponentsWithStats((mask.logits > 0).view(np.uint8))
    if count <= 2:  # the background, and one part
        return mask
    areas = statistics[:, cv2.CC_STAT_AREA]
    speck = areas < SMALLEST_PART * areas[1:].sum()
    rows, columns = mask.logits.shape
    to_logits = mask.roi.affine_to(columns, rows)
    for point in mask.prompt.positives:
        column, row = map(round, to_logits(point.x, point.y))
        if 0 <= row < rows and 0 <= column < columns:
            speck[parts[row, column]] = False
    speck[0] = False
    if not speck.any():
        return mask
    return replace(mask, logits=np.where(speck[parts], -mask.logits, mask.logits))
