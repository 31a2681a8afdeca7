"""What is run: larger pictures, more boxes in one; every box of the same size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from picosam_ros.frame import Frame
from picosam_ros.prompt import Box, Prompt

# A box of so many pixels is shown to PicoSAM2 as a square of 192: the same work in every picture.
OBJECT = 160


@dataclass(frozen=True)
class Heat:
    """One picture and its prompts.

    Attributes:
        width, height: of the picture.
        prompts: objects in it.
        again: it is the picture of the call before, so that an embedding is known.

    """

    width: int = 640
    height: int = 480
    prompts: int = 1
    again: bool = False

    @property
    def name(self) -> str:
        """As the file of results has it."""
        plural = 's' * (self.prompts != 1)
        again = ', again' * self.again
        return f'{self.width}×{self.height}, {self.prompts} prompt{plural}{again}'


FIRST = Heat()
AGAIN = Heat(again=True)
PROMPTS = tuple(Heat(prompts=count) for count in (1, 2, 4, 8, 16, 32))
SIZES = tuple(
    Heat(width, height)
    for width, height in ((640, 480), (1280, 720), (1920, 1080), (2560, 1440), (3840, 2160))
)
HEATS = tuple(dict.fromkeys((*PROMPTS, AGAIN, *SIZES)))


def picture(heat: Heat) -> np.ndarray:
    """Height × width × 3 of noise, the same for everybody."""
    return np.random.default_rng(1).integers(0, 256, (heat.height, heat.width, 3), np.uint8)


def prompts(heat: Heat) -> list[Prompt]:
    """Boxes spread over the picture, whole within it; the golden ratio keeps them apart."""
    count = heat.prompts
    margin = 0.6 * OBJECT + 1
    columns = margin + (np.arange(1, count + 1) * 0.618) % 1 * (heat.width - 2 * margin)
    rows = margin + np.linspace(0.3, 0.7, count) * (heat.height - 2 * margin)
    half = (OBJECT - 1) / 2
    return [
        Prompt.from_box(Box(x - half, y - half, x + half, y + half), object_id=index)
        for index, (x, y) in enumerate(zip(columns.round(), rows.round(), strict=True), start=1)
    ]


def frame(pixels: np.ndarray, number: int) -> Frame:
    """A picture, captured at a time of its own."""
    return Frame(pixels, stamp_ns=number)
