"""What is run: larger images, more boxes in one; every box of the same size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from picosam_ros.frame import Frame
from picosam_ros.prompt import Box, Prompt

# A box of so many pixels is shown to PicoSAM2 as a square of 192: the same work in every image.
OBJECT = 160


@dataclass(frozen=True)
class Workload:
    """One image and its prompts.

    Attributes:
        width, height: of the image.
        prompts: objects in it.
        again: it is the image of the call before, so that an embedding is known.

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


FIRST = Workload()
AGAIN = Workload(again=True)
PROMPTS = tuple(Workload(prompts=count) for count in (1, 2, 4, 8, 16, 32))
SIZES = tuple(
    Workload(width, height)
    for width, height in ((640, 480), (1280, 720), (1920, 1080), (2560, 1440), (3840, 2160))
)
WORKLOADS = tuple(dict.fromkeys((*PROMPTS, AGAIN, *SIZES)))


def image(workload: Workload) -> np.ndarray:
    """Height × width × 3 of noise, the same for all."""
    return np.random.default_rng(1).integers(0, 256, (workload.height, workload.width, 3), np.uint8)


def prompts(workload: Workload) -> list[Prompt]:
    """Boxes spread over the image, whole within it; the golden ratio keeps them apart."""
    count = workload.prompts
    margin = 0.6 * OBJECT + 1
    columns = margin + (np.arange(1, count + 1) * 0.618) % 1 * (workload.width - 2 * margin)
    rows = margin + np.linspace(0.3, 0.7, count) * (workload.height - 2 * margin)
    half = (OBJECT - 1) / 2
    return [
        Prompt.from_box(Box(x - half, y - half, x + half, y + half), object_id=index)
        for index, (x, y) in enumerate(zip(columns.round(), rows.round(), strict=True), start=1)
    ]


def frame(pixels: np.ndarray, number: int) -> Frame:
    """An image, captured at a time of its own."""
    return Frame(pixels, stamp_ns=number)
