"""Prompts from the boxes of a COCO file: instances, or the results of a detector."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from picosam_ros.errors import DatasetError, PromptError
from picosam_ros.evaluation.coco_entries import entry_name, map_json, read_entry, whole
from picosam_ros.evaluation.json_arrays import elements
from picosam_ros.labelling.box_keys import BoxKeys, BoxPrompts, FoundBox, Notes
from picosam_ros.labelling.image_names import ImageNames
from picosam_ros.labelling.keys import DEFAULT_NAME
from picosam_ros.prompt import Box

# Of a coordinate, in pixels.
_LARGEST = 2**31
# How results begin, which are a list without an object around it; instances begin with '{'.
_LIST = b'['


@dataclass(frozen=True)
class _Annotation:
    """A box of the file, whose image and class are still numbers."""

    where: str
    image: int | str
    category: int | None
    box: Box
    track: str


@dataclass(frozen=True)
class _Content:
    """What the file says; names of images are None where it does not describe images."""

    annotations: list[_Annotation] = field(default_factory=list)
    images: dict[int | str, str] | None = None
    categories: dict[int, str] = field(default_factory=dict)


def read_coco_boxes(
    path: Path, names: Sequence[str], *, min_score: float = 0.0, every: int = 1
) -> BoxPrompts:
    """Return prompts from the boxes of a COCO file.

    Boxes of one `track_id` are one object; without it, those of one class that overlap from one
    annotated image to the next. Crowds (`iscrowd` 1) are left out.

    Args:
        path: of COCO's instances ("images", "annotations", "categories") or results (a list).
        names: of the images of a folder, in their order; none for a film or rosbag2, whose images
            the numbers in the file's names of images, or its `image_id`, mean, from 0 on.
        min_score: boxes of a lower `score` are left out; those that have none are taken.
        every: images from one prompt of an object to its next one.

    Raises:
        PromptError: the file cannot be read, an entry is wrong, no image of it is in the folder, or
            there are more objects than ids; the sentence names the file and the entry.

    """
    try:
        with closing(map_json(path)) as mapped:
            content = _read(mapped, min_score)
    except DatasetError as error:
        raise PromptError(f'{path}: {error}') from error
    notes = Notes()
    try:
        by_image = _by_image(content, ImageNames(names), notes)
        keys = BoxKeys(every, notes)
        for image in sorted(by_image):
            keys.add(image, by_image[image])
    except PromptError as error:
        raise PromptError(f'{path}, {error}') from error
    return BoxPrompts(tuple(keys.keys), tuple(f'{path.name}: {told}' for told in notes.sentences))


def _read(mapped: mmap.mmap, min_score: float) -> _Content:
    text: mmap.mmap | bytes = mapped
    if mapped[:64].lstrip().startswith(_LIST):
        text = b'{"annotations":' + mapped[:] + b'}'
    content = _Content()
    images: dict[int | str, str] = {}
    for key, where, entry in _entries(text):
        try:
            if key == 'annotations':
                content.annotations.extend(_annotation(where, entry, min_score))
            elif key == 'images':
                images[whole(entry, 'id')] = str(entry.get('file_name', ''))
            else:
                content.categories[whole(entry, 'id')] = str(entry.get('name') or DEFAULT_NAME)
        except DatasetError as error:
            raise DatasetError(f'{where}: {error}') from error
    if not content.annotations:
        scored = f' of a score of at least {min_score:g}' if min_score else ''
        raise DatasetError(
            f'it holds no box{scored}; give COCO\'s instances (with "images" and "annotations") or '
            'results (a list of boxes with "image_id" and "bbox")'
        )
    return _Content(content.annotations, images or None, content.categories)


def _entries(text: mmap.mmap | bytes) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield array, name and content of the entries of the file."""
    what = {'annotations': 'annotation', 'images': 'image', 'categories': 'category'}
    count = dict.fromkeys(what, 0)
    for key, begin, end in elements(text):
        if key not in what:
            continue
        count[key] += 1
        where = f'{what[key]} {count[key]} of the file'
        try:
            entry = read_entry(text, begin, end)
        except DatasetError as error:
            raise DatasetError(f'{where}: {error}') from error
        yield key, where if 'id' not in entry else entry_name(what[key], entry, begin), entry


def _annotation(where: str, entry: Mapping[str, Any], min_score: float) -> Iterator[_Annotation]:
    """Yield the box of an annotation, if it is to be taken."""
    score: Any = entry.get('score')
    if entry.get('iscrowd') or (_is_number(score) and score < min_score):
        return
    image, category, track = (entry.get(key) for key in ('image_id', 'category_id', 'track_id'))
    if not isinstance(image, str):
        image = whole(entry, 'image_id')
    if category is not None:
        category = whole(entry, 'category_id')
    box = _box(entry.get('bbox'))
    yield _Annotation(where, image, category, box, '' if track is None else str(track))


def _box(given: Any) -> Box:
    """Read x, y, width, height: COCO's pixels begin at whole numbers, ours have centres there."""
    sound = isinstance(given, list) and len(given) == 4
    if not sound or not all(_is_number(each) and abs(each) <= _LARGEST for each in given):
        raise DatasetError(
            f'bbox {str(given)[:80]} was given; write [x, y, width, height] in pixels'
        )
    x, y, width, height = map(float, given)
    return Box(x, y, x + width - 1, y + height - 1)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _by_image(content: _Content, names: ImageNames, notes: Notes) -> dict[int, list[FoundBox]]:
    """Return the boxes by the numbers of their images."""
    found: dict[int, list[FoundBox]] = {}
    for each in content.annotations:
        shown, number = _image_of(each, content.images, names)
        if number is None:
            notes.add('boxes of images that are not there', f'{each.where}, of image {shown!r}')
            continue
        name = _class_of(each, content.categories)
        box = FoundBox(f'{each.where}, of image {shown!r}', each.box, name, each.track)
        found.setdefault(number, []).append(box)
    if not found:
        raise PromptError(
            f'{notes.sentences[0]}; no image of the file is in the folder, which has '
            f'{names.examples}; give the folder of these images, or the file of that folder'
        )
    return found


def _image_of(
    annotation: _Annotation, images: Mapping[int | str, str] | None, names: ImageNames
) -> tuple[str, int | None]:
    """Return what the image is called and its number; None if it is not in the folder."""
    try:
        if images is None:
            return str(annotation.image), names.of_id(annotation.image)
        if annotation.image not in images:
            raise PromptError(
                f'image_id {annotation.image!r} was given, but "images" describes no image of '
                'that id'
            )
        name = images[annotation.image]
        return name, names.of_file(name)
    except PromptError as error:
        raise PromptError(f'{annotation.where}: {error}') from error


def _class_of(annotation: _Annotation, categories: Mapping[int, str]) -> str:
    if annotation.category is None:
        return DEFAULT_NAME
    if not categories:  # results have none
        return str(annotation.category)
    if annotation.category not in categories:
        known = ', '.join(f'{number} ({name})' for number, name in list(categories.items())[:10])
        raise PromptError(
            f'{annotation.where}: category_id {annotation.category} was given; the file has {known}'
        )
    return categories[annotation.category]
