"""The outlines of masks as polygons, pixel for pixel.

A mask is traced with each pixel split into four. From that follow both outlines that readers of
data sets fill: one along the edges of the pixels, for those that fill what is inside (COCO), and
one through the pixels at the rim, for those that fill what it touches, too (cv2.fillPoly: YOLO).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.frame import Pixels

# n×2 int64 of x, y: of half pixels, or of corners of pixels.
Ring = npt.NDArray[np.int64]

# Where a point is in its pixel: less than a half, by more than the digits that are written.
_FIRST, _LAST = 0.05, 0.45
# Distances that are computed at a time.
_MOST_DISTANCES = 2**20


def parts(mask: Pixels) -> list[list[Ring]]:
    """Return the connected parts of a mask: of each its outline, then those of its holes.

    Args:
        mask: height × width uint8, not 0 on the object. Pixels connect at corners, too.

    Returns:
        the largest part first. Rings are in half pixels: 2x and 2x + 1 are the left and the right
        half of the pixel x.

    """
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return []
    inside = np.pad(mask[y : y + height, x : x + width], 1)
    halves = inside.repeat(2, axis=0).repeat(2, axis=1)
    contours, [hierarchy] = cv2.findContours(
        halves, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE, offset=(2 * x - 2, 2 * y - 2)
    )
    rings = [np.asarray(contour, np.int64)[:, 0] for contour in contours]
    owners = hierarchy[:, 3].tolist()  # of a hole the part that it is in, else -1
    found = {number: [rings[number]] for number, owner in enumerate(owners) if owner < 0}
    for ring, owner in zip(rings, owners, strict=True):
        if owner >= 0:
            found[owner].append(ring)
    return sorted(found.values(), key=_extent, reverse=True)


def _extent(part: list[Ring]) -> int:
    return int(np.ptp(part[0], axis=0).prod())


def to_corners(ring: Ring) -> Ring:
    """Return a ring of half pixels as corners of pixels; (0, 0) is the image's top-left one."""
    corners = (ring + 1) // 2
    repeated: npt.NDArray[np.bool_] = (corners == np.roll(corners, 1, axis=0)).all(axis=1)
    return corners[~repeated]


def to_pixels(ring: Ring) -> npt.NDArray[np.float64]:
    """Return points in the pixels of a ring, in pixels from the image's top-left corner.

    Each is in the upper left quarter of its pixel, and so becomes that pixel where its fractions
    are cut off (ultralytics) and where it is rounded (supervision). What is one pixel wide still
    has a width.
    """
    pixel, half = np.divmod(ring, 2)
    return pixel + np.where(half, _LAST, _FIRST)


def join(rings: Sequence[Ring]) -> Ring:
    """Return one ring that goes along all, and between them there and back, the shortest ways.

    Filled by the even-odd rule it is what they are together: holes stay holes.
    """
    whole = rings[0]
    for ring in rings[1:]:
        here, there = _nearest(whole, ring)
        turned = np.roll(ring, -there, axis=0)
        whole = np.concatenate((whole[: here + 1], turned, turned[:1], whole[here:]))
    return whole


def _nearest(one: Ring, other: Ring) -> tuple[int, int]:
    """Return the indices of the corners that are nearest to one another."""
    step = max(1, _MOST_DISTANCES // len(one))
    found = []
    for start in range(0, len(other), step):
        apart = other[start : start + step, np.newaxis] - one
        distances = np.square(apart).sum(axis=2)
        row, column = divmod(int(distances.argmin()), len(one))
        found.append((int(distances[row, column]), column, start + row))
    _, here, there = min(found)
    return here, there
