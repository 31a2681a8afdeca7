"""Protocols: an engine's input for a labelled object, and the mask that it is compared with.

`interactions` is the baseline protocol of interactive segmentation: a user who sees the mask, and
clicks into the middle of the largest region that is wrong (RClicks, arXiv 2410.11722, measures how
people differ from that; RITM, 2102.06583, clicks the pixel that is deepest in any region).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.frame import Frame, Pixels
from picosam_ros.mask import Mask
from picosam_ros.prompt import Box, Point, Prompt
from picosam_ros.roi import Roi

Truth = npt.NDArray[np.bool_]

# Side of the crop of the published protocol, in pixels of the image.
SIDE = 96

Interaction = tuple[Prompt, Truth]


@dataclass(frozen=True, eq=False)
class Case:
    """One evaluation case.

    Attributes:
        frame: the engine's input.
        prompt: the prompt, in pixels of the frame.
        truth: the labelled mask, H×W bool of the frame's size.
        all_foreground: the trivial answer, of the same shape: the prompt known, the image not.

    """

    frame: Frame
    prompt: Prompt
    truth: Truth
    all_foreground: Truth


def crop96(pixels: Pixels, mask: Pixels) -> Case:
    """Cut 96 native pixels around one click, as PicoSAM2 was published (arXiv 2506.18807).

    The crop [max(0, c - 48), + 96] is cut at the border of the image and stretched back to a
    square: bilinear pixels, nearest mask. An ROI is the prompt, so the engine gets the crop as an
    image of its own with an ROI that covers it. The trivial answer is all of the crop.
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
    """Use the whole image and one click; the trivial answer is all of the image."""
    prompt = Prompt.from_point(*click(mask))
    return Case(Frame.from_array(pixels), prompt, mask > 0, np.ones(mask.shape, np.bool_))


def box(pixels: Pixels, mask: Pixels) -> Case:
    """Use the whole image and the object's tight box; the trivial answer is all of the box."""
    tight = tight_box(mask)
    filled = np.zeros(mask.shape, np.bool_)
    filled[int(tight.y0) : int(tight.y1) + 1, int(tight.x0) : int(tight.x1) + 1] = True
    return Case(Frame.from_array(pixels), Prompt.from_box(tight), mask > 0, filled)


PROTOCOLS: dict[str, Callable[[Pixels, Pixels], Case]] = {
    'full': full,
    'box': box,
    'crop96': crop96,
}


def tight_box(mask: Pixels) -> Box:
    """Return the smallest box around the object of a mask, uint8 [height, width], not empty."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1]))


def click(mask: Pixels) -> tuple[int, int]:
    """Return x, y of the object's pixel nearest to the centre of its tight box."""
    tight = tight_box(mask)
    x, y = (int(tight.x0 + tight.x1 + 1) // 2, int(tight.y0 + tight.y1 + 1) // 2)
    if not mask[y, x]:
        ys, xs = np.nonzero(mask)
        nearest = np.argmin((ys - y) ** 2 + (xs - x) ** 2)
        x, y = int(xs[nearest]), int(ys[nearest])
    return x, y


def cut_at_border(window: Roi, width: int, height: int) -> Roi:
    """Clip a square: move its first column and row into the image, cut the last ones off."""
    x, y = max(window.x, 0), max(window.y, 0)
    return Roi(x, y, min(window.width, width - x), min(window.height, height - y))


def interactions(
    segment: Callable[[Prompt], Mask], prompt: Prompt, truth: Truth, clicks: int
) -> Iterator[Interaction]:
    """Click up to `clicks` times; yield each prompt and its mask, until nothing is wrong.

    Args:
        segment: returns the engine's mask for the clicks so far as one prompt, which has the last
            one's mask as the previous.
        prompt: with the first click.
        truth: H×W bool.
        clicks: maximum number of clicks, including the first.

    """
    for _ in range(clicks):
        mask = segment(prompt)
        answer = mask.to_image()
        yield prompt, answer
        further = next_click(answer, truth, prompt.points)
        if further is None:
            return
        prompt = prompt.refined((further,), None if mask.empty else mask.as_previous())


def next_click(answer: Truth, truth: Truth, earlier: Sequence[Point] = ()) -> Point | None:
    """Return the innermost pixel of the largest connected wrong region; None if nothing is wrong.

    The click is positive where the object was missed, negative where the mask has excess. A pixel
    that was clicked before is not clicked again. Pixels connect at sides and at corners.
    """
    wrong = answer != truth
    for point in earlier:
        wrong[int(point.y), int(point.x)] = False
    missed, excess = _largest(wrong & truth), _largest(wrong & ~truth)
    positive = bool(np.count_nonzero(missed) >= np.count_nonzero(excess))
    region = missed if positive else excess
    if not region.any():
        return None
    # The region ends at the border of the image.
    framed = np.pad(region, 1).view(np.uint8)
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    y, x = np.unravel_index(np.argmax(depth), depth.shape)
    return Point(int(x), int(y), positive)


def _largest(region: Truth) -> Truth:
    """Return the connected part with the most pixels; the region itself if it is empty."""
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(region.view(np.uint8))
    if count == 1:
        return region
    largest = 1 + int(np.argmax(statistics[1:, cv2.CC_STAT_AREA]))
    return np.asarray(labels == largest)
