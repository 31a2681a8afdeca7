"""COCO's masks, pixel for pixel as pycocotools decodes and draws them, with NumPy alone.

Run lengths: the compressed format is the one of `maskApi.c` in cocoapi: each count is written in
groups of five bits, low group first, one printable character (offset 48) a group; bit 5 says that
more follow, bit 4 of the last group is the sign; from the fourth count on, the difference to the
count two before is stored. The runs alternate, background first, down the columns.

Polygons: the rule is that of `rleFrPoly` there. The outline is walked on a grid five times as
fine; wherever the walk steps across the middle of a column of pixels, the pixels below change
sides. cv2.fillPoly also fills the pixels that the outline touches: on an object of 24 pixels
across that is an eighth more, at an IoU of 0.88 (test_coco_masks.py compares the three).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from picosam_ros.errors import DatasetError
from picosam_ros.frame import Pixels

Integers = npt.NDArray[np.int64]

# The grid that outlines are walked on is this much finer than the pixels.
FINER = 5

# More than the object of any data set has; memory and time grow with them.
_MOST_POLYGONS = 1000
_MOST_PIXELS = 2**30
_FARTHEST = 2**20
_LONGEST_OUTLINE = 2**22
# Groups of five bits in a count: 60 bits.
_LONGEST_COUNT = 11
# Characters of a wrong value that an error shows.
_SHOWN = 40


def decode_counts(text: str) -> Integers:
    """Return the run lengths (int64 [n], background first) of a compressed string.

    Raises:
        DatasetError: it has characters of another format, or ends within a number.

    """
    codes = np.frombuffer(text.encode('utf-8', 'replace'), np.uint8).astype(np.int64) - 48
    if not len(codes):
        return codes
    if ((codes < 0) | (codes > 63)).any() or codes[-1] & 32:
        raise DatasetError('compressed run lengths are damaged, or not in the COCO format')
    last = (codes & 32) == 0
    starts = np.concatenate(([0], np.flatnonzero(last)[:-1] + 1))
    position = np.arange(len(codes)) - np.repeat(starts, np.diff([*starts, len(codes)]))
    if position.max() > _LONGEST_COUNT:
        raise DatasetError('compressed run lengths hold a number that is no count of pixels')
    counts: Integers = np.add.reduceat((codes & 31) << (5 * position), starts)
    negative = (codes[last] & 16) != 0
    counts -= negative.astype(np.int64) << (5 * (position[last] + 1))
    # The first count stands alone: the second difference of the format begins at index 3.
    counts[1::2] = np.cumsum(counts[1::2])
    counts[2::2] = np.cumsum(counts[2::2])
    return counts


def decode_rle(rle: Mapping[str, Any]) -> Pixels:
    """Decode a COCO run-length object {'size': [height, width], 'counts': str or list of int}.

    Returns:
        uint8 [height, width], 1 on the object (column-major memory).

    Raises:
        DatasetError: there is no such size or are no such runs, or they do not fill it.

    """
    height, width = size_of(rle)
    counts = _counts(rle.get('counts'))
    # Each one first: a sum of huge ones may come out right.
    fitting = not ((counts < 0) | (counts > height * width)).any()
    if not fitting or counts.sum() != height * width:
        raise DatasetError(
            f'run lengths cover {counts.sum()} pixels but the size is {height}x{width}: '
            'the mask is damaged or not in the COCO format'
        )
    values = (np.arange(len(counts)) % 2).astype(np.uint8)
    return np.repeat(values, counts).reshape((height, width), order='F')


def size_of(rle: Mapping[str, Any]) -> tuple[int, int]:
    """Return height and width of a run-length object; raise DatasetError if it has none."""
    size = rle.get('size')
    if not isinstance(size, list) or len(size) != 2 or not all(type(side) is int for side in size):
        raise DatasetError(f'run lengths of the size {str(size)[:_SHOWN]} were given, not [h, w]')
    height, width = size
    if not (height > 0 and width > 0 and height * width <= _MOST_PIXELS):
        raise DatasetError(
            f'run lengths of {height}x{width} pixels were given; allowed are {_MOST_PIXELS}'
        )
    return height, width


def _counts(given: Any) -> Integers:
    if isinstance(given, str):
        return decode_counts(given)
    if not isinstance(given, list) or not all(type(count) is int for count in given):
        raise DatasetError('run lengths are neither a text nor a list of whole numbers')
    try:
        return np.asarray(given, np.int64)
    except OverflowError as error:
        raise DatasetError('run lengths hold a number that is no count of pixels') from error


def fill_polygons(polygons: Sequence[Sequence[float]], height: int, width: int) -> Pixels:
    """Return the mask of an object of one or more polygons.

    Args:
        polygons: each x0, y0, x1, y1 ... in pixels; the origin is the top-left *corner* of the
            first pixel, as in COCO.
        height, width: size of the image.

    Returns:
        uint8 [height, width], 1 on the object (column-major memory).

    Raises:
        DatasetError: a polygon has an odd number of coordinates, one that is no finite number or
            far away, or there are more or longer ones than an object has.

    """
    if len(polygons) > _MOST_POLYGONS:
        raise DatasetError(f'{len(polygons)} polygons were given; allowed are {_MOST_POLYGONS}')
    mask = np.zeros((height, width), np.uint8, order='F')
    for polygon in polygons:
        mask |= _fill(polygon, height, width)
    return mask


def _fill(polygon: Sequence[float], height: int, width: int) -> Pixels:
    points = _corners(polygon)
    corners = (FINER * points.reshape(-1) + 0.5).astype(np.int64)
    columns, rows = _crossings(*_walk(corners[::2], corners[1::2]), height, width)
    # Down the columns, one after the other, as run lengths go.
    changes = np.bincount(columns * height + rows, minlength=height * width + 1)
    inside = (np.cumsum(changes[: height * width]) & 1).astype(np.uint8)
    return inside.reshape((height, width), order='F')


def _corners(polygon: Sequence[float]) -> npt.NDArray[np.float64]:
    """Return x and y, float64 [n, 2]."""
    numbers = isinstance(polygon, list) and all(type(value) in (int, float) for value in polygon)
    try:
        points = np.asarray(polygon if numbers else [math.nan], np.float64)
    except OverflowError:
        points = np.full(1, math.nan)
    if len(points) % 2 or not np.isfinite(points).all():
        size = f' of {len(polygon)} coordinates' if isinstance(polygon, list) else ''
        raise DatasetError(
            f'a polygon{size} was given; it takes x and y of every corner, in turn and finite'
        )
    if (far := np.abs(points).max(initial=0)) > _FARTHEST:
        raise DatasetError(f'a polygon reaches to {far:g}; allowed are {_FARTHEST} pixels')
    return points.reshape(-1, 2)


def _walk(x: Integers, y: Integers) -> tuple[Integers, Integers]:
    """Return every step along the closed outline on the fine grid."""
    x_end, y_end = np.roll(x, -1), np.roll(y, -1)
    wide, high = np.abs(x_end - x), np.abs(y_end - y)
    flat = wide >= high
    # Each edge is drawn from its left (or upper) end, so that both directions round alike.
    flip = np.where(flat, x > x_end, y > y_end)
    x0, x1 = np.where(flip, (x_end, x), (x, x_end))
    y0, y1 = np.where(flip, (y_end, y), (y, y_end))
    steps = np.maximum(wide, high)
    if steps.sum() > _LONGEST_OUTLINE:
        raise DatasetError(
            f'a polygon of {len(x)} corners is {steps.sum() // FINER} pixels long; allowed are '
            f'{_LONGEST_OUTLINE // FINER}'
        )
    slope = np.where(flat, y1 - y0, x1 - x0) / np.maximum(steps, 1)
    edge = np.repeat(np.arange(len(x)), steps + 1)
    along = np.arange(len(edge)) - np.repeat(np.cumsum(steps + 1) - steps - 1, steps + 1)
    along = np.where(flip[edge], steps[edge] - along, along)
    across = slope[edge] * along
    u = np.where(flat[edge], x0[edge] + along, (x0[edge] + across + 0.5).astype(np.int64))
    v = np.where(flat[edge], (y0[edge] + across + 0.5).astype(np.int64), y0[edge] + along)
    return u, v


def _crossings(u: Integers, v: Integers, height: int, width: int) -> tuple[Integers, Integers]:
    """Return the columns whose middle the walk crosses, and the first row below."""
    moved = np.flatnonzero(np.diff(u))
    left = np.minimum(u[moved], u[moved + 1])
    upper = np.minimum(v[moved], v[moved + 1])
    # The middle of column c is at 5c + 2 of the fine grid.
    column, beside = np.divmod(left - FINER // 2, FINER)
    crossed = (beside == 0) & (column >= 0) & (column < width)
    row = np.ceil(np.clip((upper[crossed] + 0.5) / FINER - 0.5, 0, height)).astype(np.int64)
    return column[crossed], row
