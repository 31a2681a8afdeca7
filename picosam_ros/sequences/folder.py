"""The pictures of a folder, by the numbers in their names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from picosam_ros.cameras.photos import SUFFIXES
from picosam_ros.errors import DatasetError, ImageError
from picosam_ros.frame import Frame
from picosam_ros.sequences.base import SequenceImage
from picosam_ros.sequences.stored_jpeg import stored_jpeg
from picosam_ros.wire.encoded_images import decode_image
from picosam_ros.wire.value_range import Scale, ValueScale

# Pictures have no times: as of a film, the objects are followed from one to the next.
RATE = 30

_ALLOWED = f'files whose names end in {", ".join(SUFFIXES)}'


class FolderSequence:
    """An ImageSequence of the pictures of a folder, upright, in the natural order of their names.

    Hidden files and the folders in it are left out.

    Args:
        path: of the folder.
        scale: takes 16 bits a value to 8; None takes, in each pass, the range that the images use
            from its first one on.

    Raises:
        DatasetError: it cannot be read, or has no pictures.

    """

    damage = ''

    def __init__(self, path: Path, scale: Scale | None = None) -> None:
        self.path = path
        self.refused: dict[int, str] = {}
        self._scale = scale
        there = _listed(path)
        self._files = [one for one in there if one.suffix.lower() in SUFFIXES and one.is_file()]
        if not self._files:
            raise DatasetError(
                f'{path} has no pictures; allowed are {_ALLOWED}, not in sub-folders'
            )
        self.total = len(self._files)
        more = len(there) - self.total
        left_out = (
            f'{more} other files and folders of {path} are left out: only {_ALLOWED} are read'
        )
        self.notes = [left_out] if more else []

    @property
    def names(self) -> Sequence[str]:
        """File names of the pictures, in their order."""
        return [file.name for file in self._files]

    def __enter__(self) -> FolderSequence:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Do nothing: each picture is closed as soon as it is read."""

    def images(self, first: int = 0, end: int | None = None) -> Iterator[SequenceImage]:
        return self._read_all(range(self.total)[first:end])

    def reversed(self, first: int, end: int) -> Iterator[SequenceImage]:
        return self._read_all(reversed(range(self.total)[first:end]))

    def _read_all(self, numbers: Iterable[int]) -> Iterator[SequenceImage]:
        scale = self._scale or ValueScale()
        for number in numbers:
            try:
                yield _read(number, self._files[number], scale)
            except DatasetError as error:
                self.refused[number] = str(error)


def _listed(path: Path) -> list[Path]:
    try:
        there = [one for one in path.iterdir() if not one.name.startswith('.')]
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise DatasetError(f'{path} cannot be read: {why}; give a folder of pictures') from error
    return sorted(there, key=lambda one: (_natural(one.name), one.name))


def _natural(name: str) -> list[str | int]:
    """Return text and numbers in turn: frame2 is before frame10."""
    return [int(part) if part.isdecimal() else part for part in re.split(r'(\d+)', name)]


def _read(number: int, path: Path, scale: Scale) -> SequenceImage:
    try:
        encoded = path.read_bytes()
        pixels = decode_image(np.frombuffer(encoded, np.uint8), scale)
    except (OSError, ImageError) as error:
        raise DatasetError(f'picture {path} cannot be read: {error}; copy it again') from error
    stamp_ns = number * 1_000_000_000 // RATE
    return SequenceImage(number, Frame(pixels, stamp_ns), stamp_ns, stored_jpeg(encoded))
