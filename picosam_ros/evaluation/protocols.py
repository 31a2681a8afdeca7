"""What an engine is asked about a labelled object, and what its answer is held against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.frame import Frame, Pixels
from picosam_ros.prompt import Box, Prompt
from picosam_ros.roi import Roi

Truth = npt.NDArray[np.bool_]

# Side of the crop of the published protocol, in pixels of the picture.
SIDE = 96


@dataclass(frozen=True, eq=False)
class Case:
    """One question.

    Attributes:
        frame: what the engine sees.
        prompt: what it is asked, in pixels of the frame.
        truth: H×W bool of the frame's size.
        all_foreground: the same, the answer of one who knows the prompt and sees nothing.

    """

    frame: Frame
    prompt: Prompt
    truth: Truth
    all_foreground: Truth


def crop96(pixels: Pixels, mask: Pixels) -> Case:
    """Cut 96 native pixels around one click, as PicoSAM2 was published (arXiv 2506.18807).

    The crop [max(0, c - 48), + 96] is cut at the border of the picture and stretched back to a
    square: bilinear pixels, nearest mask. An ROI is the prompt, so the engine gets the crop as a
    picture of its own with an ROI that covers it. The trivial answer is all of the crop.
    """
    height, width = mask.shape
    window = cut_at_border(Roi.square(*click(mask), SIDE), width, height)
    x, y, w, h = (int(v) for v in (window.x, window.y, window.width, window.height))
    view = (slice(y, y + h), slice(x, x + w))
    crop, truth = pixels[view], mask[view]
    if (h, w) != (SIDE, SIDE):
        crop = np.asarray(cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), np.uint8)
        nearest = cv2.INTER_NEAREST_EXACT
        truth = np.asarray(cv2.resize(truth, (SIDE, SIDE), interpolation=nearest), np.uint8)
    middle = (SIDE - 1) / 2
    prompt = Prompt.from_point(middle, middle, roi_size=SIDE)
    return Case(Frame.from_array(crop), prompt, truth > 0, np.ones((SIDE, SIDE), np.bool_))


def full(pixels: Pixels, mask: Pixels) -> Case:
    """Show the whole picture and click once; the trivial answer is all of the picture."""
    prompt = Prompt.from_point(*click(mask))
    return Case(Frame.from_array(pixels), prompt, mask > 0, np.ones(mask.shape, np.bool_))


def box(pixels: Pixels, mask: Pixels) -> Case:
    """Show the whole picture and the object's tight box; the trivial answer is all of the box."""
    tight = tight_box(mask)
    filled = np.zeros(mask.shape, np.bool_)
    filled[int(tight.y0) : int(tight.y1) + 1, int(tight.x0) : int(tight.x1) + 1] = True
    return Case(Frame.from_array(pixels), Prompt.from_box(tight), mask > 0, filled)


PROTOCOLS: dict[str, Callable[[Pixels, Pixels], Case]] = {
    'crop96': crop96,
    'full': full,
    'box': box,
}


def tight_box(mask: Pixels) -> Box:
    """Smallest box that holds the object; the mask (uint8 [height, width]) must not be empty."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1]))


def click(mask: Pixels) -> tuple[int, int]:
    """Pixel x, y: the centre of the tight box, or the pixel of the object that is nearest to it."""
    tight = tight_box(mask)
    x, y = (int(tight.x0 + tight.x1 + 1) // 2, int(tight.y0 + tight.y1 + 1) // 2)
    if not mask[y, x]:
        ys, xs = np.nonzero(mask)
        nearest = np.argmin((ys - y) ** 2 + (xs - x) ** 2)
        x, y = int(xs[nearest]), int(ys[nearest])
    return x, y


def cut_at_border(window: Roi, width: int, height: int) -> Roi:
    """Move a square's first column and row into the picture, cut its last ones off."""
    x, y = max(window.x, 0), max(window.y, 0)
    return Roi(x, y, min(window.width, width - x), min(window.height, height - y))
