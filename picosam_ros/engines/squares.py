"""The square of the image that the network is given for a prompt: computed, or searched.

In pixels of the image. The side is what the user asked for (`Prompt.roi_size`), or follows from the
box, or from the span of the points; for a single click it is a share of the image's short side.

A click says where and not how large: a button, the shirt, the person. So `RoiSearch` lets the
network answer in each of a few squares, and score its masks; the one that is chosen is not the best
scored but the one that the others agree with most, weighted by their scores. That is the mask with
the highest expected IoU, if each is right with a probability in proportion to its score.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from picosam_ros.mask import Mask
from picosam_ros.prompt import MIN_ROI_SIZE, Box, Prompt
from picosam_ros.roi import Roi

# PicoSAM3 (arXiv 2603.11917) gives a box a margin of 10 % on each side.
BOX_MARGIN = 0.10

# Side of the square for a single click, as a share of the image's short side, where nothing can
# search for a better one.
DEFAULT_SHARE = 0.4

# Sides of the squares around a click, as shares of the image's short side: a new prompt costs five
# runs of the network. The last is larger than the image, since objects that fill it need a margin.
# Chosen by trial (see MODEL_CARD.md).
SIDE_SHARES = (1 / 16, 1 / 8, 1 / 4, 1.0, 1.4)

# Runs the network on a square of the image.
Infer = Callable[[Roi], Mask]


def square_for(prompt: Prompt, width: int, height: int) -> Roi:
    """Return the one square for a prompt.

    A box gets a margin of 10 % and is squared on its long side. A click is the centre of a square
    of `prompt.roi_size`, or of DEFAULT_SHARE of the short side of the width × height image; several
    clicks span a square at least as large as that.
    """
    if prompt.box is not None:
        return square_around(prompt.box, prompt.roi_size)
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


class RoiSearch:
    """Searches the square of each new click, and reuses it on the frames that follow."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int], Roi] = {}

    def segment(
        self, prompt: Prompt, width: int, height: int, infer: Infer, *, min_side: int = 0
    ) -> Mask:
        """Return the mask of a click: by one run of the network, or by a search if it is new.

        Args:
            prompt: positive points without an ROI size. Without a generation it belongs to no
                stream of frames, and is always new.
            width, height: of the image.
            infer: runs the network on a square of the image.
            min_side: of the square, in image pixels.

        """
        key = prompt.object_id, prompt.generation
        if key in self._found:
            return infer(self._found[key])
        squares = candidate_squares(prompt, width, height, SIDE_SHARES, min_side=min_side)
        mask = search(squares, infer)
        if prompt.generation:
            self._found[key] = mask.roi
        return mask

    def keep(self, prompts: Sequence[Prompt]) -> None:
        """Forget the squares of all other prompts."""
        keys = {(prompt.object_id, prompt.generation) for prompt in prompts}
        self._found = {key: roi for key, roi in self._found.items() if key in keys}


def search(squares: Sequence[Roi], infer: Infer) -> Mask:
    """Run the network on each of the squares, and return the mask that the others agree with."""
    masks = [infer(square) for square in squares]
    return masks[most_agreed(masks)]


def most_agreed(masks: Sequence[Mask]) -> int:
    """Return the index of the mask with the highest mean IoU with all, weighted by their scores."""
    weights = np.array([mask.score * (1 - _cut_share(mask)) for mask in masks])
    return int(np.argmax(pairwise_iou(masks) @ weights**2))


def _cut_share(mask: Mask) -> float:
    """Return the share of its square's border that a mask covers: there the object is cut off."""
    inside = mask.logits > 0
    edges = inside[0], inside[-1], inside[:, 0], inside[:, -1]
    return float(np.mean([edge.mean() for edge in edges]))


def pairwise_iou(masks: Sequence[Mask]) -> npt.NDArray[np.float64]:
    """Return N×N: the IoU of each two masks of an image; 0 for empty ones."""
    inside = np.stack([mask.to_image().reshape(-1) for mask in masks]).astype(np.float32)
    intersection = inside @ inside.T
    areas = np.diag(intersection)
    union = areas[:, None] + areas - intersection
    return np.asarray(intersection / np.maximum(union, 1), np.float64)
