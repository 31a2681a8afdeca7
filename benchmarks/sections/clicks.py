"""What one click on an object of a photo is answered with, against outlines drawn by hand."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from benchmarks.films.photo_files import photo_file
from benchmarks.films.photo_outlines import OUTLINES, OutlinedObject, outlined
from benchmarks.report import Row
from benchmarks.sections.tracking import iou
from picosam_ros.cameras.photo_table import demo_photos
from picosam_ros.engines import open_engine
from picosam_ros.engines.base import Engine
from picosam_ros.frame import Frame
from picosam_ros.models import DEFAULT_MODEL
from picosam_ros.prompt import Prompt

TITLE = 'Clicks: five places on each object in photos; IoU with its outline, drawn by hand'


def measure(frames: int) -> Iterator[Row]:
    """One row for each object: the mean of its five clicks; then the mean of those of the demo."""
    del frames
    of_all, of_demo = [], []
    with open_engine('host', model=DEFAULT_MODEL) as engine:
        demo = {photo.name: photo.objects for photo in demo_photos()}
        for photo in OUTLINES:
            shown = {known.name for known in demo.get(photo, ())}
            for known, ious in _clicked(engine, photo):
                of_all.append(ious)
                if known.name in shown:
                    of_demo.append(ious)
                note = 'each ' + ', '.join(f'{value:.2f}' for value in ious)
                note += "; one of the demo's" * (known.name in shown)
                yield Row(f'{photo}: {known.name}', float(np.mean(ious)), note=note)
    yield Row('mean', float(np.mean(of_all)))
    yield Row("mean of the demo's", float(np.mean(of_demo)), note='wanted: ≥ 0.85')
    yield Row("least of the demo's", float(np.min(of_demo)), note='wanted: ≥ 0.6')


def _clicked(engine: Engine, photo: str) -> Iterator[tuple[OutlinedObject, list[float]]]:
    rgb = cv2.cvtColor(cv2.imread(str(photo_file(photo))), cv2.COLOR_BGR2RGB)
    frame = Frame.from_array(np.asarray(rgb, np.uint8))
    for known in outlined(photo, frame.width, frame.height):
        prompts = [Prompt.from_point(x, y) for x, y in known.places]
        masks = [engine.segment(frame, [prompt]).masks[0] for prompt in prompts]
        yield known, [iou(mask.to_image(), known.inside) for mask in masks]
