"""An image, clicks on it, and answers of a shape that real objects have."""

from __future__ import annotations

import numpy as np

from picosam_ros.engines.squares import square_for
from picosam_ros.frame import Frame, Logits, Pixels
from picosam_ros.mask import Mask
from picosam_ros.prompt import Prompt

WIDTH, HEIGHT = 640, 480
NETWORK = 96


def image() -> Pixels:
    """480×640×3 of noise: neither network nor resampling looks at what is in it."""
    return np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def clicks(count: int) -> list[tuple[float, float]]:
    """Pixels spread over the image; the golden ratio keeps them apart for every count."""
    columns = (np.arange(1, count + 1) * 0.618) % 1 * (WIDTH - 1)
    rows = np.linspace(0.25, 0.75, count) * HEIGHT
    return [(float(x), float(y)) for x, y in zip(columns, rows, strict=True)]


def prompts(count: int, roi_size: int = 0) -> list[Prompt]:
    """One object for each click."""
    return [
        Prompt.from_point(x, y, object_id=index, roi_size=roi_size)
        for index, (x, y) in enumerate(clicks(count), start=1)
    ]


def masks(count: int, roi_size: int = 0) -> list[Mask]:
    """New answers, nothing derived from them yet."""
    plane = blob()
    return [
        Mask(prompt, plane, square_for(prompt, WIDTH, HEIGHT), WIDTH, HEIGHT, 'host', 0.9)
        for prompt in prompts(count, roi_size)
    ]


def blob() -> Logits:
    """96×96 logits of a roundish object with five bulges that fills a third of the ROI."""
    rows, columns = np.mgrid[:NETWORK, :NETWORK] - (NETWORK - 1) / 2
    angle, radius = np.arctan2(rows, columns), np.hypot(rows, columns)
    edge = NETWORK * (0.32 + 0.04 * np.sin(5 * angle))
    return np.ascontiguousarray((edge - radius) / 2, np.float32)


def frame() -> Frame:
    """The image, stamped now."""
    return Frame.from_array(image())
