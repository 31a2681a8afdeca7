"""A prompt as a network takes it: four maps of the square's size.

Bells at the positive points, bells at the negative ones, the probability of the previous mask, and
the filled box.
"""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.frame import Pixels
from picosam_ros.mask import to_probability
from picosam_ros.prompt import Box, PreviousMask, Prompt
from picosam_ros.roi import Affine, Roi

POSITIVE, NEGATIVE, PREVIOUS, BOX = range(4)
CHANNELS = 4

# Standard deviation of a bell, as a share of the square's side; as in training.
DEVIATION = 1 / 64

# Further away, in deviations, a bell is below half of a level.
REACH = 3.6

# Bells are drawn at this many places of a pixel along each axis, and kept.
STEPS = 8


def draw_prompt(prompt: Prompt, roi: Roi, out: Pixels) -> None:
    """Draw a prompt into S×S×4 uint8, 0 to 255.

    Args:
        prompt: in pixels of the image.
        roi: the square of the image.
        out: written; contiguous.

    """
    size = out.shape[0]
    to_square = roi.affine_to(size, size)
    out[...] = 0
    for point in prompt.points:
        channel = POSITIVE if point.positive else NEGATIVE
        _draw_bell(*to_square(point.x, point.y), out[..., channel])
    if prompt.previous is not None:
        out[..., PREVIOUS] = _resampled(prompt.previous, roi, size)
    if prompt.box is not None:
        rows, columns = _filled(prompt.box, to_square, size)
        out[rows, columns, BOX] = 255


def _draw_bell(x: float, y: float, out: Pixels) -> None:
    size = out.shape[0]
    column, row = math.floor(x), math.floor(y)
    bell = _bell(size, round(STEPS * (x - column)), round(STEPS * (y - row)))
    reach = len(bell) // 2
    top, left = row - reach, column - reach
    y0, y1 = max(top, 0), min(top + len(bell), size)
    x0, x1 = max(left, 0), min(left + len(bell), size)
    if y0 < y1 and x0 < x1:
        part = out[y0:y1, x0:x1]
        np.maximum(part, bell[y0 - top : y1 - top, x0 - left : x1 - left], out=part)


@lru_cache(maxsize=2 * (STEPS + 1) ** 2)
def _bell(size: int, right: int, down: int) -> Pixels:
    """Return the bell around a place so many steps right of the middle pixel, and below it."""
    deviation = DEVIATION * size
    reach = math.ceil(REACH * deviation) + 1
    pixels = np.arange(-reach, reach + 1)
    rows, columns = (
        np.exp(-((pixels - steps / STEPS) ** 2) / (2 * deviation**2)) for steps in (down, right)
    )
    return (255 * np.outer(rows, columns) + 0.5).astype(np.uint8)


def _resampled(previous: PreviousMask, roi: Roi, size: int) -> Pixels:
    rows, columns = previous.logits.shape
    to_logits = roi.affine_to(size, size).inverse().then(previous.roi.affine_to(columns, rows))
    resampled = cv2.warpAffine(
        to_probability(previous.logits),
        to_logits.matrix,
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    return np.asarray(resampled, np.uint8)


def _filled(box: Box, to_square: Affine, size: int) -> tuple[slice, slice]:
    """Return rows and columns from the pixel at the box's first edge to that at its last."""
    first = to_square(box.x0 - 0.5, box.y0 - 0.5)
    last = to_square(box.x1 + 0.5, box.y1 + 0.5)
    x0, y0 = (min(max(round(edge), 0), size) for edge in first)
    x1, y1 = (min(max(round(edge) + 1, 0), size) for edge in last)
    return slice(y0, y1), slice(x0, x1)


def empty_maps(size: int) -> npt.NDArray[np.uint8]:
    """Return what `draw_prompt` writes into, as a batch of one."""
    return np.zeros((1, size, size, CHANNELS), np.uint8)
