"""What a frame costs around the inference: crops before it, messages and images after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from benchmarks.report import Row
from benchmarks.rigs import bare, scene
from benchmarks.timing import median_of_new, medians
from picosam_ros.drawing.overlay import draw
from picosam_ros.engines.host import HostEngine
from picosam_ros.mask import Mask, label_image, stability
from picosam_ros.models import DEFAULT_MODEL
from picosam_ros.resample import crop, paste
from picosam_ros.roi import Roi
from picosam_ros.ros.messages import header_of, to_image
from picosam_ros.wire.messages import serialise_masks

TITLE = 'What stands around the inference, 640×480'
OBJECTS = (1, 3, 8)
CROPS = (96, 192, 240)


def measure(frames: int) -> Iterator[Row]:
    """Time each step; the note compares it to one inference of one object."""
    cv2.setNumThreads(1)  # as the nodes do
    with HostEngine(model=DEFAULT_MODEL) as engine:
        inference = medians([bare.one_run(engine)], frames)[0]
    yield Row('inference, 1 object', 1e3 * inference, 'µs')
    for name, cost in _steps(frames):
        yield Row(name, 1e3 * cost, 'µs', note=f'{100 * cost / inference:.1f} % of an inference')


def _steps(frames: int) -> Iterator[tuple[str, float]]:
    for side in CROPS:
        yield f'crop {side} px', medians([_crop(side)], frames)[0]
    yield 'stability score', medians([_stability()], frames)[0]
    for side in CROPS:
        yield f'paste {side} px', medians([_paste(side)], frames)[0]
    for count in OBJECTS:
        for name, work in _results().items():
            objects = f'{count} object{"s" * (count > 1)}'
            yield f'{name}, {objects}', _per_result(work, count, frames)


def _crop(side: int) -> Callable[[], None]:
    pixels = scene.image()
    roi = Roi.square(scene.WIDTH / 2, scene.HEIGHT / 2, side)
    out = np.empty((scene.NETWORK, scene.NETWORK, 3), np.uint8)
    return lambda: crop(pixels, roi, out)


def _stability() -> Callable[[], float]:
    logits = scene.blob()
    return lambda: stability(logits)


def _paste(side: int) -> Callable[[], object]:
    roi = Roi.square(scene.WIDTH / 2, scene.HEIGHT / 2, side)
    logits = scene.blob()
    return lambda: paste(logits, roi, scene.WIDTH, scene.HEIGHT)


def _results() -> dict[str, Callable[[list[Mask]], object]]:
    """What subscribers of the three topics cost, from fresh masks to a filled message."""
    frame = scene.frame()
    header = header_of(frame)

    def labels(masks: list[Mask]) -> list[object]:
        images = label_image(masks, scene.WIDTH, scene.HEIGHT)
        return [to_image(image, 'mono8', header) for image in images]

    return {
        '~/masks': lambda masks: serialise_masks(frame, masks, ()),
        '~/label_mask and ~/confidence': labels,
        '~/overlay': lambda masks: to_image(draw(frame.pixels, masks), 'rgb8', header),
    }


def _per_result(work: Callable[[list[Mask]], object], count: int, frames: int) -> float:
    """Masks keep what is derived from them: each call gets new ones."""
    return median_of_new(lambda: scene.masks(count), work, frames)
