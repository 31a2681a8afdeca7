"""COCO-format annotations, read from disk image by image: a gigabyte of them is never loaded."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from picosam_ros.errors import DatasetError
from picosam_ros.evaluation.coco_entries import (
    LARGEST_ID,
    entry_name,
    map_json,
    read_entry,
    whole,
)
from picosam_ros.evaluation.json_arrays import elements
from picosam_ros.evaluation.labelled import LabelledImage, LabelledObject
from picosam_ros.evaluation.left_out import LeftOut
from picosam_ros.wire.encoded_images import LONGEST_SIDE, MOST_PIXELS


class Annotations:
    """An index of an annotation file, which is memory-mapped.

    Attributes:
        images: images with objects, by id, in the order of their first annotation.
        count: number of objects, without crowds.
        skipped: annotations that are left out: an entry that is damaged is no reason to stop.

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
        self.skipped = LeftOut()
        self._categories: dict[int, str] = {}
        # Of the annotations that have one: its id, and where it begins.
        self._ids, self._begins = array('q'), array('Q')
        self._text = map_json(path)
        try:
            self._index()
        except BaseException:
            self._text.close()
            raise

    def objects(self, image: LabelledImage) -> Iterator[tuple[int, int]]:
        """Yield the offsets of the objects of an image; `read` takes them."""
        yield from zip(image.objects[::2], image.objects[1::2], strict=True)

    def read(self, where: tuple[int, int]) -> LabelledObject:
        """Return one object."""
        entry = read_entry(self._text, *where)
        category, several = entry.get('category_id'), len(self._categories) > 1
        return LabelledObject(
            entry_name('annotation', entry, where[0]),
            self.images[entry['image_id']],
            self._categories.get(category, '') if several and isinstance(category, int) else '',
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
            what = {'annotations': 'annotation', 'images': 'image', 'categories': 'category'}
            if key not in what:
                continue
            entry: dict[str, Any] = {}
            try:
                entry = read_entry(self._text, begin, end)
                if key == 'annotations':
                    self._add_object(objects, entry, begin, end)
                elif key == 'images':
                    _add_image(images, entry)
                else:
                    self._categories.setdefault(whole(entry, 'id'), str(entry.get('name', '')))
            except DatasetError as error:
                # Objects of a damaged image are counted when they are missed.
                kind, name = f'damaged {what[key]}', entry_name(what[key], entry, begin)
                self.skipped.add(kind, name, str(error), objects=int(key == 'annotations'))
        self._leave_out_twins(objects)
        self._join(images, objects)
        if not self.count:
            first = ''.join(f'; {named.what}: {named.reason}' for named in self.skipped.named[:1])
            raise DatasetError(
                f'{self.path} has no labelled object; an evaluation needs the instances of COCO '
                f'or LVIS: "images" and "annotations" with "segmentation"{first}'
            )

    def _join(self, images: dict[int, LabelledImage], objects: dict[int, array[int]]) -> None:
        for number, where in objects.items():
            count = len(where) // 2
            if number in images:
                images[number].objects.extend(where)
                self.images[number] = images[number]
                self.count += count
            else:
                reason = f'it is of image {number}, but no image of that id is described'
                entry = read_entry(self._text, where[0], where[1])
                name = entry_name('annotation', entry, where[0])
                self.skipped.add('no such image', name, reason, objects=count)

    def _add_object(
        self, objects: dict[int, array[int]], entry: dict[str, Any], begin: int, end: int
    ) -> None:
        if entry.get('iscrowd'):
            self.skipped['crowd'] += 1
            return
        if not entry.get('segmentation'):
            self.skipped['no mask'] += 1
            return
        image = whole(entry, 'image_id')
        if not isinstance(entry['segmentation'], (list, dict)):
            raise DatasetError('its segmentation is neither polygons nor run lengths')
        area = entry.get('area')
        if area is not None and not (_is_number(area) and 0 <= area < math.inf):
            raise DatasetError(f'its area is {str(area)[:40]!r}, not a number of pixels')
        objects.setdefault(image, array('Q')).extend((begin, end))
        number = entry.get('id')
        if isinstance(number, int) and abs(number) < LARGEST_ID:
            self._ids.append(number)
            self._begins.append(begin)

    def _leave_out_twins(self, objects: dict[int, array[int]]) -> None:
        """Leave out the second of two annotations of one id."""
        ids = np.frombuffer(self._ids, np.int64)
        _, first = np.unique(ids, return_index=True)
        twins = np.ones(len(ids), np.bool_)
        twins[first] = False
        begins = {self._begins[index]: self._ids[index] for index in np.flatnonzero(twins)}
        for number in begins.values():
            self.skipped.add('id given twice', f'annotation {number}', 'its id is given twice')
        if begins:
            for image, where in objects.items():
                kept = [
                    pair for pair in zip(*[iter(where)] * 2, strict=True) if pair[0] not in begins
                ]
                objects[image] = array('Q', [offset for pair in kept for offset in pair])
        self._ids, self._begins = array('q'), array('Q')


def _add_image(images: dict[int, LabelledImage], entry: Mapping[str, Any]) -> None:
    number, width, height = (whole(entry, name) for name in ('id', 'width', 'height'))
    names = _names(str(entry.get('file_name', '')), str(entry.get('coco_url', '')))
    if not names:
        raise DatasetError('it names no file')
    if not (0 < width <= LONGEST_SIDE and 0 < height <= LONGEST_SIDE):
        raise DatasetError(f'its size is {width}×{height}; allowed are 1 to {LONGEST_SIDE} a side')
    if width * height > MOST_PIXELS:
        raise DatasetError(f'its size is {width}×{height}: more than {MOST_PIXELS} pixels')
    if number in images:
        raise DatasetError('its id is given twice; the first one is used')
    images[number] = LabelledImage(names, width, height)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _names(file_name: str, coco_url: str) -> tuple[str, ...]:
    """Return possible paths; LVIS has only the URL, whose last two parts are COCO's folders."""
    try:
        parts = PurePosixPath(urlsplit(coco_url).path).parts
    except ValueError:  # no address: brackets that do not match
        parts = ()
    places = (file_name, '/'.join(parts[-2:]), PurePosixPath(file_name).name, *parts[-1:])
    return tuple(dict.fromkeys(place for place in places if place.strip('/') and '\0' not in place))
