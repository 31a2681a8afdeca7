"""How large is the thing that was clicked? Some squares are tried, once for each prompt.

A click says where and not how large: a button, the shirt, the person. The network answers in each
of a few squares and rates its answers; the one that is chosen is not the best rated but the one
that the others agree with most, weighted by their ratings. That is the answer with the highest
IoU to expect, if one of them is right in proportion to its rating.
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
# Chosen by trial (MODEL_CARD.md tells on what).
SHARES = (1 / 16, 1 / 8, 1 / 4, 1.0, 1.4)

Look = Callable[[Roi], Mask]


class RoiSearch:
    """Chooses the square for each click, and keeps to it on the frames that follow."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int], Roi] = {}

    def answer(
        self, prompt: Prompt, width: int, height: int, look: Look, *, least: int = 0
    ) -> Mask:
        """Answer a click with one run of the network, or with a search if it is new.

        Args:
            prompt: positive points without an ROI size. Without a generation it belongs to no
                stream of frames, and is always new.
            width, height: of the image.
            look: runs the network on a square of the image.
            least: side that the square has at least, in image pixels.

        """
        key = prompt.object_id, prompt.generation
        if key in self._found:
            return look(self._found[key])
        mask = search(candidate_squares(prompt, width, height, SHARES, least=least), look)
        if prompt.generation:
            self._found[key] = mask.roi
        return mask

    def keep(self, prompts: Sequence[Prompt]) -> None:
        """Forget the squares of all other prompts."""
        keys = {(prompt.object_id, prompt.generation) for prompt in prompts}
        self._found = {key: roi for key, roi in self._found.items() if key in keys}


def search(squares: Sequence[Roi], look: Look) -> Mask:
    """Answer in each of the squares; give the answer that is trusted most."""
    masks = [look(square) for square in squares]
    return masks[most_agreed(masks)]


def most_agreed(masks: Sequence[Mask]) -> int:
    """Index of the mask with the highest mean IoU with all, weighted by their squared worths."""
    worths = np.array([mask.score * (1 - _cut(mask)) for mask in masks])
    return int(np.argmax(overlaps(masks) @ worths**2))


def _cut(mask: Mask) -> float:
    """Share of its square's border that the mask covers: an object that is cut is not shown."""
    inside = mask.logits > 0
    edges = inside[0], inside[-1], inside[:, 0], inside[:, -1]
    return float(np.mean([edge.mean() for edge in edges]))


def overlaps(masks: Sequence[Mask]) -> npt.NDArray[np.float64]:
    """N×N: the IoU of each two masks of an image; empty ones overlap with nothing."""
    inside = np.stack([mask.to_image().reshape(-1) for mask in masks]).astype(np.float32)
    both = inside @ inside.T
    areas = np.diag(both)
    either = areas[:, None] + areas - both
    return np.asarray(both / np.maximum(either, 1), np.float64)
