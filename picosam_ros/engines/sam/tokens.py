"""A prompt as a SAM decoder takes it: points, each with a label."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from picosam_ros.engines.sam.square import Square
from picosam_ros.prompt import Prompt

BACKGROUND, FOREGROUND, TOP_LEFT, BOTTOM_RIGHT, PADDING = 0.0, 1.0, 2.0, 3.0, -1.0

Floats = npt.NDArray[np.float32]


def tokens(prompt: Prompt, square: Square) -> tuple[Floats, Floats]:
    """Return 1×N×2 coordinates x, y in the square, and their 1×N labels.

    A box is its two corners. Without one, a point of padding stands in its place, as in training
    (PromptEncoder pads where there is no box).
    """
    points = [(point.x, point.y) for point in prompt.points]
    labels = [FOREGROUND if point.positive else BACKGROUND for point in prompt.points]
    box = prompt.box
    if box is None:
        points += [(0.0, 0.0)]
        labels += [PADDING]
    else:
        points += [(box.x0, box.y0), (box.x1, box.y1)]
        labels += [TOP_LEFT, BOTTOM_RIGHT]
    return square.place(points)[None], np.array([labels], np.float32)
