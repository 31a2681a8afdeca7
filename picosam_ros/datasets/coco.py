"""COCO's instances: https://cocodataset.org/#format-data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from picosam_ros.datasets.base import Contents, Example
from picosam_ros.datasets.image_files import ImageFiles
from picosam_ros.datasets.outlines import join, parts, to_corners
from picosam_ros.errors import OutputError
from picosam_ros.labelling.labelled import Label, LabelledImage

_INSTALL = 'pip install "pycocotools>=2.0.7"'
_INFO = {'description': 'labelled by picosam'}


class CocoFormat:
    """`images/` and `annotations/instances_SPLIT.json`, for the splits that have images.

    All ids count from 1, in each file. Beside what COCO has, an annotation has the `track_id` of
    its object, which no object of another recording or class has, and its `score`.

    A polygon follows the edges of the pixels, so that pycocotools draws the very mask. COCO's
    polygons have no holes: there, a cut that is no pixel wide leads from the outline to the hole,
    and what fills by the even-odd rule (pycocotools, cv2.fillPoly) leaves it out.
    """

    def __init__(self, folder: Path, contents: Contents, images: ImageFiles) -> None:
        self._masks = _pycocotools_mask()
        self._folder = folder
        self._contents = contents
        self._images = images
        self._tracks: dict[tuple[str, int], int] = {}
        self._files: dict[str, _InstancesFile] = {}

    def add(self, example: Example) -> None:
        if (labels := example.single) is None:
            return
        name = f'{example.name}.jpg'
        self._images.put(example, self._folder / 'images' / name)
        image = {'file_name': name, 'width': labels.width, 'height': labels.height}
        annotations = [self._annotation(example, labels, label) for label in labels.seen]
        self._file(example.split).add(image, [one for one in annotations if one['area']])

    def close(self) -> None:
        names = enumerate(self._contents.names, 1)
        categories = [{'id': number, 'name': name} for number, name in names]
        while self._files:
            self._files.popitem()[1].close(categories)

    def _file(self, split: str) -> _InstancesFile:
        if split not in self._files:
            path = self._folder / 'annotations' / f'instances_{split}.json'
            self._files[split] = _InstancesFile(path)
        return self._files[split]

    def _annotation(self, example: Example, image: LabelledImage, label: Label) -> dict[str, Any]:
        encoded = {'size': [image.height, image.width], 'counts': label.counts}
        track = (example.recording, label.object_id)
        return {
            'category_id': self._contents.class_of(label.name),
            'segmentation': _polygons(image, label) if self._contents.polygons else encoded,
            'area': int(self._masks.area(encoded)),
            'bbox': self._masks.toBbox(encoded).tolist(),
            'iscrowd': 0,
            'score': round(label.score, 4),
            'track_id': self._tracks.setdefault(track, len(self._tracks) + 1),
        }


class _InstancesFile:
    """Writes annotations as they come: of thousands of hours they do not fit into memory."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(exist_ok=True)
        self._file = path.open('x', encoding='utf-8')
        self._file.write('{"annotations": [')
        self._images: list[str] = []
        self._count = 0

    def add(self, image: dict[str, Any], annotations: list[dict[str, Any]]) -> None:
        number = len(self._images) + 1
        self._images.append(json.dumps({'id': number, **image}))
        for annotation in annotations:
            comma = ',' if self._count else ''
            self._count += 1
            ids = {'id': self._count, 'image_id': number}
            self._file.write(f'{comma}\n{json.dumps({**ids, **annotation})}')

    def close(self, categories: list[dict[str, Any]]) -> None:
        with self._file:
            images = ',\n'.join(self._images)
            self._file.write(f'\n],\n"images": [\n{images}\n],\n"categories": ')
            self._file.write(f'{json.dumps(categories)},\n"info": {json.dumps(_INFO)}}}\n')


def _polygons(image: LabelledImage, label: Label) -> list[list[int]]:
    """Return a polygon for each connected part: x0, y0, x1, y1 … of corners of pixels."""
    mask = label.to_image(image.width, image.height)
    outlines = [join([to_corners(ring) for ring in part]) for part in parts(mask)]
    return [outline.reshape(-1).tolist() for outline in outlines]


def _pycocotools_mask() -> Any:
    try:
        from pycocotools import mask
    except ImportError as error:
        raise OutputError(
            'the format coco needs the Python package pycocotools, which cannot be imported '
            f'({error}); install it with: {_INSTALL}'
        ) from error
    return mask
