"""COCO's run-length masks, decoded with NumPy alone.

The compressed format is the one of `maskApi.c` in cocoapi: each count is written in groups of five
bits, low group first, one printable character (offset 48) a group; bit 5 says that more follow,
bit 4 of the last group is the sign; from the fourth count on, the difference to the count two
before is stored. The runs alternate, background first, down the columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from picosam_ros.errors import DatasetError
from picosam_ros.frame import Pixels

Counts = npt.NDArray[np.int64]


def decode_counts(text: str) -> Counts:
    """Run lengths (int64 [n], background first) of a compressed string."""
    codes = np.frombuffer(text.encode('ascii'), np.uint8).astype(np.int64) - 48
    if not len(codes):
        return codes
    last = (codes & 32) == 0
    starts = np.concatenate(([0], np.flatnonzero(last)[:-1] + 1))
    position = np.arange(len(codes)) - np.repeat(starts, np.diff([*starts, len(codes)]))
    counts: Counts = np.add.reduceat((codes & 31) << (5 * position), starts)
    negative = (codes[last] & 16) != 0
    counts -= negative.astype(np.int64) << (5 * (position[last] + 1))
    # The first count stands alone: the second difference of the format begins at index 3.
    counts[1::2] = np.cumsum(counts[1::2])
    counts[2::2] = np.cumsum(counts[2::2])
    return counts


def decode(rle: Mapping[str, Any]) -> Pixels:
    """Mask of a COCO run-length object {'size': [height, width], 'counts': str or list of int}.

    Returns:
        uint8 [height, width], 1 on the object (column-major memory).

    Raises:
        DatasetError: the runs do not fill the size.

    """
    height, width = rle['size']
    given = rle['counts']
    counts = decode_counts(given) if isinstance(given, str) else np.asarray(given, np.int64)
    if counts.sum() != height * width or (counts < 0).any():
        raise DatasetError(
            f'run lengths cover {counts.sum()} pixels but the size is {height}x{width}: '
            'the mask is damaged or not in the COCO format'
        )
    values = (np.arange(len(counts)) % 2).astype(np.uint8)
    return np.repeat(values, counts).reshape((height, width), order='F')
