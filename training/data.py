"""Reader of the photo store: one folder a source with `img/` and `masks.jsonl`."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from picosam_ros.evaluation import run_lengths


@dataclass(frozen=True)
class Photo:
    """One photo with the masks of its labelled objects, still run-length encoded."""

    source: str
    file: str
    path: Path
    original: str
    masks: tuple[dict, ...]

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
        return run_lengths.decode(self.masks[index])


def read_source(data: Path, source: str) -> list[Photo]:
    """Photos of one source, in the order of its `masks.jsonl`."""
    listing = data / source / 'masks.jsonl'
    if not listing.is_file():
        raise FileNotFoundError(f'no {listing}: a store has one folder a source with masks.jsonl')
    photos = []
    for line in listing.read_text().splitlines():
        entry = json.loads(line)
        # What stands before the colon of src_path is the place that it was taken from.
        original = PurePosixPath(entry['src_path'].split(':')[-1]).name
        path = data / source / entry['file']
        masks = tuple(mask['rle'] for mask in entry['masks'] if mask['area'] > 0)
        if masks:
            photos.append(Photo(source, path.name, path, original, masks))
    return photos


def validation_photos(data: Path, split: set[str], sources: Iterable[str]) -> list[Photo]:
    """Held-out photos of the sources."""
    return [photo for photo in _read_all(data, sources) if photo.name in split]


def training_photos(data: Path, split: set[str], sources: Iterable[str]) -> list[Photo]:
    """Photos that are neither held out nor a second copy of a held-out COCO photo."""
    held_sources = {name.split('/')[0] for name in split}
    held_out = {
        photo.original
        for source in held_sources
        if source.startswith('coco')
        for photo in read_source(data, source)
        if photo.name in split
    }
    return [
        photo
        for photo in _read_all(data, sources)
        if photo.name not in split
        and not (photo.source.startswith('coco') and photo.original in held_out)
    ]


def _read_all(data: Path, sources: Iterable[str]) -> Iterator[Photo]:
    for source in sources:
        yield from read_source(data, source)
