"""Segmentation as in Pascal VOC 2012: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
from PIL import Image

from picosam_ros.datasets.base import TRAIN, VALIDATION, Contents, Example
from picosam_ros.datasets.image_files import ImageFiles
from picosam_ros.datasets.label_map import label_map, visible
from picosam_ros.errors import OutputError
from picosam_ros.frame import Pixels
from picosam_ros.labelling.labelled import Label, LabelledImage

_YEAR = 'VOC2012'
# 255 is VOC's border, which is not labelled; here there is none.
_MOST = 254


class VocFormat:
    """`VOCdevkit/VOC2012` with images, masks of classes and of objects, boxes, and lists.

    A pixel is of one object: where they overlap, of the one with the better score. The values of
    an image of objects count them in the order of the image's XML file. The colours of the classes
    are in `labelmap.txt`, a line each: name:red,green,blue::

    Raises:
        OutputError: there are more than 254 classes.

    """

    def __init__(self, folder: Path, contents: Contents, images: ImageFiles) -> None:
        if len(contents.names) > _MOST:
            raise OutputError(
                f'{len(contents.names)} classes were given; the format voc takes {_MOST}: leave '
                'it out, or write several data sets'
            )
        self._folder = folder / 'VOCdevkit' / _YEAR
        self._contents = contents
        self._images = images
        self._names: dict[str, list[str]] = {TRAIN: [], VALIDATION: [], 'trainval': []}
        for name in ('JPEGImages', 'SegmentationClass', 'SegmentationObject', 'Annotations'):
            (self._folder / name).mkdir(parents=True)

    def add(self, example: Example) -> None:
        if (labels := example.single) is None:
            return
        name = example.name
        self._images.put(example, self._folder / 'JPEGImages' / f'{name}.jpg')
        ids = label_map(labels)
        objects = visible(labels, ids)
        classes, numbers = np.zeros((2, _MOST + 1), np.uint8)
        for number, label in enumerate(objects, 1):
            classes[label.object_id] = self._contents.class_of(label.name)
            numbers[label.object_id] = number
        _write_png(self._folder / 'SegmentationClass' / f'{name}.png', classes[ids])
        _write_png(self._folder / 'SegmentationObject' / f'{name}.png', numbers[ids])
        _write_xml(self._folder / 'Annotations' / f'{name}.xml', labels, ids, objects)
        for split in (example.split, 'trainval'):
            self._names[split].append(name)

    def close(self) -> None:
        folder = self._folder / 'ImageSets' / 'Segmentation'
        folder.mkdir(parents=True, exist_ok=True)
        for split, names in self._names.items():
            _write_lines(folder / f'{split}.txt', names)
        colours = (','.join(map(str, colour)) for colour in colour_map().tolist())
        classes = zip(('background', *self._contents.names), colours, strict=False)
        _write_lines(self._folder / 'labelmap.txt', [f'{name}:{rgb}::' for name, rgb in classes])


def colour_map() -> Pixels:
    """Return VOC's colours, 256×3 uint8: bits of the value spread over red, green and blue."""
    values = np.arange(256)
    colours = np.zeros((256, 3), np.int64)
    for bit in range(8):
        for channel in range(3):
            colours[:, channel] |= (values >> 3 * bit + channel & 1) << 7 - bit
    return colours.astype(np.uint8)


def _write_png(path: Path, values: Pixels) -> None:
    picture = Image.fromarray(values)
    picture.putpalette(colour_map().tobytes())
    picture.save(path)


def _write_lines(path: Path, lines: list[str]) -> None:
    path.write_text(''.join(f'{line}\n' for line in lines), encoding='utf-8')


def _write_xml(path: Path, image: LabelledImage, ids: Pixels, objects: list[Label]) -> None:
    root = ElementTree.Element('annotation')
    _put(root, folder=_YEAR, filename=f'{path.stem}.jpg')
    _put(ElementTree.SubElement(root, 'source'), database='picosam')
    size = ElementTree.SubElement(root, 'size')
    _put(size, width=image.width, height=image.height, depth=3)
    _put(root, segmented=1)
    for label in objects:
        element = ElementTree.SubElement(root, 'object')
        _put(element, name=label.name, pose='Unspecified', truncated=0, difficult=0)
        x, y, width, height = cv2.boundingRect((ids == label.object_id).view(np.uint8))
        box = ElementTree.SubElement(element, 'bndbox')
        # Pixels count from 1 there.
        _put(box, xmin=x + 1, ymin=y + 1, xmax=x + width, ymax=y + height)
    ElementTree.indent(root)
    path.write_bytes(ElementTree.tostring(root, encoding='utf-8') + b'\n')


def _put(element: ElementTree.Element, **values: object) -> None:
    for name, value in values.items():
        ElementTree.SubElement(element, name).text = str(value)
