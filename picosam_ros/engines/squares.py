"""The square of the image that a network is given for a prompt, in pixels of the image.

The side is what the user asked for (`Prompt.roi_size`), or follows from the box, or from the span
of the points; for a single click it is a share of the image's short side.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from picosam_ros.prompt import MIN_ROI_SIZE, Box, Prompt
from picosam_ros.roi import Roi

# PicoSAM3 (arXiv 2603.11917) gives a box a margin of 10 % on each side.
BOX_MARGIN = 0.10

# Side of the square for a single click, as a share of the image's short side, where nothing can
# search for a better one.
DEFAULT_SHARE = 0.4


def square_for(prompt: Prompt, width: int, height: int) -> Roi:
    """Return the one square for a prompt.

    Where the tracker expects the object, that is it. A box gets a margin of 10 % and is squared on
    its long side; so is that of a previous mask without a positive point. A click is the centre of
    a square of `prompt.roi_size`, or of DEFAULT_SHARE of the short side of the width × height
    image; several clicks span one at least as large as that.
    """
    if prompt.square is not None:
        return prompt.square
    box = prompt.box
    if box is None and prompt.previous is not None and not prompt.positives:
        box = prompt.previous.box
    if box is not None:
        return square_around(box, prompt.roi_size)
    return _over(prompt, prompt.roi_size or round(DEFAULT_SHARE * min(width, height)))


def square_around(box: Box, side: int = 0) -> Roi:
    """Return the square over a box, of this side or else with a margin around the long one."""
    side = side or math.ceil(box.long_side * (1 + 2 * BOX_MARGIN))
    return Roi.square(*box.centre, max(side, MIN_ROI_SIZE))


def candidate_squares(
    prompt: Prompt, width: int, height: int, shares: Sequence[float], *, min_side: int = 0
) -> tuple[Roi, ...]:
    """Return squares over the clicks; each side is a share of the image's short side.

    None is smaller than `min_side` pixels.

    They come in the order of the shares, without the duplicates of small images and wide spans.
    """
    sides = (max(round(share * min(width, height)), min_side) for share in shares)
    return tuple(dict.fromkeys(_over(prompt, side) for side in sides))


def span(prompt: Prompt) -> int:
    """Return the side of the square over the positive points and 10 % around; 0 for one point."""
    xs = [point.x for point in prompt.positives]
    ys = [point.y for point in prompt.positives]
    return math.ceil(max(max(xs) - min(xs), max(ys) - min(ys)) * (1 + 2 * BOX_MARGIN))


def _over(prompt: Prompt, side: int) -> Roi:
    """Return the square centred on the positive points that contains all of them."""
    return Roi.square(*prompt.centre, max(side, span(prompt), MIN_ROI_SIZE))
