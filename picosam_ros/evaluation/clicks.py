"""Interactive segmentation: each further click goes where the last answer is most wrong.

The baseline protocol of the field: a user who sees the mask, and clicks into the middle of the
largest region that is wrong (RClicks, arXiv 2410.11722, measures how people differ from that; RITM,
2102.06583, clicks the pixel that is deepest in any region).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np

from picosam_ros.evaluation.protocols import Truth
from picosam_ros.prompt import Point, Prompt

Interaction = tuple[Prompt, Truth]


def interactions(
    segment: Callable[[Prompt], Truth], prompt: Prompt, truth: Truth, clicks: int
) -> Iterator[Interaction]:
    """Click up to `clicks` times; yield each prompt and its mask, until nothing is wrong.

    Args:
        segment: returns the engine's mask, H×W bool, for the clicks so far as one prompt.
        prompt: with the first click.
        truth: H×W bool.
        clicks: maximum number of clicks, including the first.

    """
    for _ in range(clicks):
        answer = segment(prompt)
        yield prompt, answer
        click = next_click(answer, truth, prompt.points)
        if click is None:
            return
        prompt = prompt.refined((click,))


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
