"""Readers of labelled photos, by the name of their source.

A source is a folder of the photo store, with `img/` and `masks.jsonl`, or a file
`annotations/SOURCE.json` of COCO or LVIS, as they lie on a user's disk, or as `picosam label`
writes it.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
import numpy as np

from picosam_ros.evaluation import coco_masks
from picosam_ros.evaluation.annotations import Annotations
from picosam_ros.evaluation.labelled import LabelledImage
from picosam_ros.mask import encode_rle
from training.data import split


@dataclass(frozen=True)
class Photo:
    """One photo of the store with the masks of its labelled objects.

    Attributes:
        source: its name.
        file: name of the file.
        path: of the file.
        original: the file's name where it was taken from.
        masks: one an object, as `mask` decodes them: here run lengths.

    """

    source: str
    file: str
    path: Path
    original: str
    masks: Sequence[Any]

    @property
    def name(self) -> str:
        """'source/file', the name used by the split."""
        return f'{self.source}/{self.file}'

    @property
    def store(self) -> Path:
        """The folder of the sources' folders."""
        return self.path.parents[2]

    def pixels(self) -> np.ndarray:
        """RGB uint8 [height, width, 3], decoded from the file."""
        bgr = cv2.imread(str(self.path), cv2.IMREAD_COLOR)
        if bgr is None:
            raise ValueError(f'{self.path} is not a picture that OpenCV reads')
        return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)

    def mask(self, index: int) -> np.ndarray:
        """uint8 [height, width], 1 on the object."""
        return coco_masks.decode_rle(self.masks[index])

    def run_lengths(self, index: int) -> dict[str, Any]:
        """The same mask as COCO's compressed run lengths."""
        return self.masks[index]


@dataclass(frozen=True)
class CocoPhoto(Photo):
    """One photo of an annotation file; `masks` are places in that file."""

    image: LabelledImage = field(repr=False)
    annotations: Annotations = field(repr=False)

    @property
    def store(self) -> Path:
        """Where its path begins: photos of an annotation file may lie anywhere."""
        return Path(self.path.anchor)

    def pixels(self) -> np.ndarray:
        """RGB uint8 [height, width, 3], decoded from the file."""
        return self.image.read(self.path)

    def mask(self, index: int) -> np.ndarray:
        """uint8 [height, width], 1 on the object; nowhere 1 if its polygon holds no pixel."""
        return self.annotations.read(self.masks[index]).mask()

    def run_lengths(self, index: int) -> dict[str, Any]:
        """The same mask as COCO's compressed run lengths."""
        return encode_rle(self.mask(index) > 0)


def read_source(data: Path, source: str) -> list[Photo]:
    """Photos of one source that have labelled objects, in the order of its file.

    Args:
        data: folder with the store's folders, or with COCO's (`annotations`, `train2017`); photos
            may lie in its `images`, too.
        source: name of the folder, or of the JSON file without its ending.

    Raises:
        FileNotFoundError: there is neither, or none of its photos.
        DatasetError: the JSON file is not one of COCO's form.

    """
    listing = data / source / 'masks.jsonl'
    if listing.is_file():
        return list(_of_store(listing, source))
    annotations = _annotations(data, source)
    if annotations.is_file():
        return _of_coco(data, annotations)
    raise FileNotFoundError(
        f'no {listing} and no annotations/{source}.json there: a source is a folder of a store, or '
        'an annotation file of COCO or LVIS'
    )


def _of_store(listing: Path, source: str) -> Iterator[Photo]:
    for line in listing.read_text().splitlines():
        entry = json.loads(line)
        # What stands before the colon of src_path is the place that it was taken from.
        original = PurePosixPath(entry['src_path'].split(':')[-1]).name
        path = listing.parent / entry['file']
        masks = tuple(mask['rle'] for mask in entry['masks'] if mask['area'] > 0)
        if masks:
            yield Photo(source, path.name, path, original, masks)


def _of_coco(data: Path, path: Path) -> list[Photo]:
    annotations = Annotations(path)
    photos: list[Photo] = []
    for image in annotations.images.values():
        file = image.find(data) or image.find(data / 'images')
        if file is not None:
            masks = tuple(annotations.objects(image))
            photos.append(
                CocoPhoto(path.stem, file.name, file, file.name, masks, image, annotations)
            )
    missing = len(annotations.images) - len(photos)
    if not photos:
        names = ' or '.join(next(iter(annotations.images.values())).names)
        raise FileNotFoundError(
            f'none of the photos of {path} is in {data} or its images, as {names}'
        )
    if missing:
        print(f'{path.stem}: {missing} photos of {len(annotations.images)} are not in {data}')
    return photos


def validation_photos(data: Path, held: set[str], sources: Iterable[str]) -> list[Photo]:
    """Held-out photos of the sources."""
    return [photo for photo in _read_all(data, sources) if photo.name in held]


def configured_photos(data: Path, config: dict) -> list[Photo]:
    """Photos of the sources of a configuration, without what is held out."""
    return training_photos(data, split.read(), config['weights'], config.get('without', ()))


def training_photos(
    data: Path, held: set[str], sources: Iterable[str], without: Iterable[str] = ()
) -> list[Photo]:
    """Photos that are neither held out nor a second copy of one that is.

    Args:
        data: folder of the sources.
        held: 'source/file' names of what is held out.
        sources: to be read.
        without: sources that are held out as a whole, as COCO's validation photos, which LVIS has
            among others.

    """
    sources, without = tuple(sources), tuple(without)
    held_out = {name for source in without for name in _originals(data, source)}
    # The store has photos of COCO in several sources, and a user's COCO has them, too.
    held_out |= {
        photo.original
        for source in {name.split('/')[0] for name in held}
        if source.startswith('coco') and (data / source).is_dir()
        for photo in read_source(data, source)
        if photo.name in held
    }
    return [
        photo
        for photo in _read_all(data, sources)
        if photo.name not in held and not (_is_coco(photo) and photo.original in held_out)
    ]


def _originals(data: Path, source: str) -> set[str]:
    """Names of its photos where they were taken from; of a JSON file's the photos may be away."""
    if (data / source).is_dir() or not _annotations(data, source).is_file():
        return {photo.original for photo in read_source(data, source)}
    with Annotations(_annotations(data, source)) as opened:
        return {PurePosixPath(image.names[-1]).name for image in opened.images.values()}


def _annotations(data: Path, source: str) -> Path:
    return data / 'annotations' / f'{source}.json'


def _is_coco(photo: Photo) -> bool:
    return isinstance(photo, CocoPhoto) or photo.source.startswith('coco')


def _read_all(data: Path, sources: Iterable[str]) -> Iterator[Photo]:
    for source in sources:
        yield from read_source(data, source)


class Decoded:
    """The pixels of photos; as many as fit into some memory stay decoded.

    Args:
        photos: in the order of the indices.
        memory: bytes; the others are decoded each time.

    """

    def __init__(self, photos: Sequence[Photo], memory: int = 3 << 30) -> None:
        self._photos = photos
        self._room = memory
        self._kept: dict[int, np.ndarray] = {}

    def __getitem__(self, index: int) -> np.ndarray:
        """RGB uint8 [height, width, 3]."""
        kept = self._kept.get(index)
        if kept is not None:
            return kept
        pixels = self._photos[index].pixels()
        if pixels.nbytes <= self._room:
            self._room -= pixels.nbytes
            self._kept[index] = pixels
        return pixels
