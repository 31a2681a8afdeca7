"""Segments for YOLO: https://docs.ultralytics.com/datasets/segment/."""

from __future__ import annotations

from pathlib import Path

import yaml

from picosam_ros.datasets.base import TRAIN, VALIDATION, Contents, Example
from picosam_ros.datasets.image_files import ImageFiles
from picosam_ros.datasets.outlines import join, parts, to_pixels
from picosam_ros.labelling.labelled import Label, LabelledImage


class YoloFormat:
    """`images/SPLIT/`, `labels/SPLIT/` with a line for each object, and `data.yaml`.

    A line is the class, from 0 on, and one polygon; all parts of an object and its holes are
    joined to it by the shortest ways. It goes through the pixels at the rim, since readers fill
    what it touches, too; what joins parts is filled as well, one pixel wide.
    """

    def __init__(self, folder: Path, contents: Contents, images: ImageFiles) -> None:
        self._folder = folder
        self._contents = contents
        self._images = images
        self._splits: set[str] = set()

    def add(self, example: Example) -> None:
        if (labels := example.single) is None:
            return
        self._splits.add(example.split)
        images, texts = (self._folder / kind / example.split for kind in ('images', 'labels'))
        self._images.put(example, images / f'{example.name}.jpg')
        texts.mkdir(parents=True, exist_ok=True)
        # An empty file tells that the image shows none of the objects.
        lines = (self._line(labels, label) for label in labels.seen)
        (texts / f'{example.name}.txt').write_text(''.join(lines), encoding='utf-8')

    def close(self) -> None:
        """Write data.yaml.

        It has no `path`: readers take the folder that it is in, but '.' for where they run.
        Both splits must be named; where one has no image it is the other one.
        """
        content = {
            TRAIN: f'images/{TRAIN if TRAIN in self._splits else VALIDATION}',
            VALIDATION: f'images/{VALIDATION if VALIDATION in self._splits else TRAIN}',
            'names': dict(enumerate(self._contents.names)),
        }
        text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
        (self._folder / 'data.yaml').write_text(text, encoding='utf-8')

    def _line(self, image: LabelledImage, label: Label) -> str:
        """Return the line of an object; nothing for a mask without pixels."""
        rings = [ring for part in parts(label.to_image(image.width, image.height)) for ring in part]
        if not rings:
            return ''
        points = to_pixels(join(rings)) / (image.width, image.height)
        numbers = ' '.join(f'{value:.6f}' for value in points.reshape(-1))
        return f'{self._contents.class_of(label.name) - 1} {numbers}\n'
