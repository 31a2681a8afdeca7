"""The square for a click of a network that takes no other prompt: it answers in a few."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from picosam_ros.engines.host.agreement import most_agreed
from picosam_ros.engines.squares import candidate_squares
from picosam_ros.mask import Mask
from picosam_ros.prompt import Prompt
from picosam_ros.roi import Roi

# Sides of the squares around a click, as shares of the image's short side: a new prompt costs five
# runs. The last is larger than the image, since objects that fill it need a margin. Chosen by trial
# (see MODEL_CARD.md).
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
