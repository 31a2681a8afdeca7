"""COCO-format annotations, read from disk image by image: a gigabyte of them is never loaded."""

from __future__ import annotations

import json
import mmap
import re
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np

from picosam_ros.errors import DatasetError
from picosam_ros.evaluation import coco_masks
from picosam_ros.frame import Pixels

# A string, whatever is in it, or a bracket: all that the structure depends on.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]')
_OPENING = frozenset(b'[{')
_QUOTE = ord('"')
# The file's object, an array in it, an element of that array.
_FILE, _ARRAY, _ELEMENT = 1, 2, 3


@dataclass(frozen=True)
class LabelledImage:
    """An image with labelled objects, as the annotations describe it.

    Attributes:
        names: possible paths in the folder of images, the likeliest first.
        width, height: in pixels.
        objects: offsets of its annotations in the file, begin and end alternating.

    """

    names: tuple[str, ...]
    width: int
    height: int
    objects: array[int] = field(default_factory=lambda: array('Q'), repr=False)

    def find(self, folder: Path) -> Path | None:
        """Return its file, if it is there."""
        paths = (folder / name for name in self.names)
        return next((path for path in paths if path.is_file()), None)

    def read(self, path: Path) -> Pixels:
        """Return H×W×3 uint8, R, G, B, as stored: annotations ignore EXIF orientations.

        Raises:
            DatasetError: not an image, or not of the size in the annotations.

        """
        bgr = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if bgr is None:
            raise DatasetError(f'OpenCV cannot read {path} as an image; copy it again')
        if bgr.shape[:2] != (self.height, self.width):
            raise DatasetError(
                f'{path} has {bgr.shape[1]}×{bgr.shape[0]} pixels, but its annotations are for '
                f'{self.width}×{self.height}; give the images that were labelled'
            )
        return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


@dataclass(frozen=True)
class LabelledObject:
    """One labelled object.

    Attributes:
        image: the image that contains it.
        category: name of its category; empty if the file has only one.
        segmentation: polygons, or run lengths.
        area: stated area in pixels; None if the file states none.

    """

    image: LabelledImage
    category: str
    segmentation: Sequence[Sequence[float]] | Mapping[str, Any]
    area: float | None

    def mask(self) -> Pixels:
        """Return uint8 [height, width], 1 on the object; all 0 if its outline contains no pixel."""
        if isinstance(self.segmentation, Mapping):
            return coco_masks.decode_rle(self.segmentation)
        return coco_masks.fill_polygons(self.segmentation, self.image.height, self.image.width)


class Annotations:
    """An index of an annotation file, which is memory-mapped.

    Attributes:
        images: images with objects, by id, in the order of their first annotation.
        count: number of objects, without crowds.
        skipped: number of annotations that are left out, by reason.

    Args:
        path: COCO's or LVIS's instances, or any JSON of that form. Crowds (`iscrowd` 1: regions
            of many objects, which no single prompt means) are skipped.

    Raises:
        DatasetError: the file cannot be read, or has no images, objects or sizes.

    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.images: dict[int, LabelledImage] = {}
        self.count = 0
        self.skipped: Counter[str] = Counter()
        self._categories: dict[int, str] = {}
        self._text = _mapped(path)
        self._index()

    def objects(self, image: LabelledImage) -> Iterator[tuple[int, int]]:
        """Yield the offsets of the objects of an image; `read` takes them."""
        yield from zip(image.objects[::2], image.objects[1::2], strict=True)

    def read(self, where: tuple[int, int]) -> LabelledObject:
        """Return one object."""
        entry = self._entry(*where)
        several = len(self._categories) > 1
        return LabelledObject(
            self.images[entry['image_id']],
            self._categories.get(entry.get('category_id', 0), '') if several else '',
            entry['segmentation'],
            entry.get('area'),
        )

    def close(self) -> None:
        """Unmap the file."""
        self._text.close()

    def __enter__(self) -> Annotations:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _index(self) -> None:
        """Index the file in one pass; its arrays may be in any order."""
        images: dict[int, LabelledImage] = {}
        objects: dict[int, array[int]] = {}
        for key, begin, end in elements(self._text):
            if key == 'annotations':
                self._add_object(objects, begin, end)
            elif key == 'images':
                entry = self._entry(begin, end)
                images[self._field(entry, 'id')] = self._image(entry)
            elif key == 'categories':
                entry = self._entry(begin, end)
                self._categories[self._field(entry, 'id')] = str(entry.get('name', ''))
        for number, where in objects.items():
            if number not in images:
                raise DatasetError(f'{self.path} has annotations of image {number}, but no image')
            images[number].objects.extend(where)
            self.images[number] = images[number]
        if not self.count:
            raise DatasetError(
                f'{self.path} has no labelled object; an evaluation needs the instances of COCO '
                'or LVIS: "images" and "annotations" with "segmentation"'
            )

    def _add_object(self, objects: dict[int, array[int]], begin: int, end: int) -> None:
        entry = self._entry(begin, end)
        if entry.get('iscrowd'):
            self.skipped['crowd'] += 1
        elif not entry.get('segmentation'):
            self.skipped['no mask'] += 1
        else:
            self.count += 1
            where = objects.setdefault(self._field(entry, 'image_id'), array('Q'))
            where.extend((begin, end))

    def _image(self, entry: Mapping[str, Any]) -> LabelledImage:
        names = _names(str(entry.get('file_name', '')), str(entry.get('coco_url', '')))
        if not names:
            raise DatasetError(f'{self.path} names no file for image {entry["id"]}')
        return LabelledImage(names, self._field(entry, 'width'), self._field(entry, 'height'))

    def _field(self, entry: Mapping[str, Any], name: str) -> int:
        if not isinstance(entry.get(name), int):
            raise DatasetError(f'{self.path} has an entry without a whole number as {name!r}')
        number: int = entry[name]
        return number

    def _entry(self, begin: int, end: int) -> dict[str, Any]:
        try:
            entry: dict[str, Any] = json.loads(self._text[begin:end])
        except ValueError as error:
            raise DatasetError(f'{self.path} is no JSON from byte {begin} on: {error}') from error
        return entry


def _mapped(path: Path) -> mmap.mmap:
    try:
        with path.open('rb') as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DatasetError(f'the annotations {path} cannot be read: {reason}') from error
    except ValueError as error:
        raise DatasetError(f'the annotations {path} are an empty file') from error


def _names(file_name: str, coco_url: str) -> tuple[str, ...]:
    """Return possible paths; LVIS has only the URL, whose last two parts are COCO's folders."""
    parts = PurePosixPath(urlsplit(coco_url).path).parts
    places = (file_name, '/'.join(parts[-2:]), PurePosixPath(file_name).name, *parts[-1:])
    return tuple(dict.fromkeys(place for place in places if place.strip('/')))


def elements(text: mmap.mmap | bytes) -> Iterator[tuple[str, int, int]]:
    """Yield the elements of each array of the file's top-level object: its key and their offsets.

    Args:
        text: JSON in UTF-8: an object of arrays of objects.

    Returns:
        Key, and the offsets of the element's first byte and of the one after its last.

    Raises:
        DatasetError: brackets do not match, as in a file that was cut off.

    """
    depth, key, begin = 0, '', 0
    for token in _TOKEN.finditer(text):
        start = token.start()
        mark = text[start]
        if mark == _QUOTE:
            if depth == _FILE:
                key = token[0][1:-1].decode()
        elif mark in _OPENING:
            depth += 1
            if depth == _ELEMENT:
                begin = start
        else:
            if depth == _ELEMENT:
                yield key, begin, token.end()
            depth -= 1
    if depth:
        raise DatasetError(f'the JSON ends within {depth} open brackets: the file was cut off')
