"""How large is the object that was clicked? A few squares are tried, once for each prompt.

A click says where and not how large: a button, the shirt, the person. The network answers in each
of a few squares and scores its masks; the one that is chosen is not the best scored but the one
that the others agree with most, weighted by their scores. That is the mask with the highest
expected IoU, if each is right with a probability in proportion to its score.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from picosam_ros.engines.squares import candidate_squares
from picosam_ros.mask import Mask
from picosam_ros.prompt import Prompt
from picosam_ros.roi import Roi

# Sides of the squares around a click, as shares of the image's short side: a new prompt costs five
# runs of the network. The last is larger than the image, since objects that fill it need a margin.
# Chosen by trial (see MODEL_CARD.md).
SIDE_SHARES = (1 / 16, 1 / 8, 1 / 4, 1.0, 1.4)

# Runs the network on a square of the image.
Infer = Callable[[Roi], Mask]


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
