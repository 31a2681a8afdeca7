"""Single images of recordings: quick in the order of the recording, and in any other."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from picosam_ros.errors import ImageError
from picosam_ros.frame import Frame
from picosam_ros.sequences.base import ImageSequence, SequenceImage
from picosam_ros.viewer.frames import Level, to_jpeg

# The page keeps those that it shows next, and corrections need the one that is shown.
KEPT_IMAGES = 8
# Of a project's recordings; a bag may hold many files open.
KEPT_RECORDINGS = 3
# Images that are passed over sooner than the right one is searched for.
PASSED_OVER = 100

_LEVEL = Level(65535, 92)

Key = TypeVar('Key')
Value = TypeVar('Value')


@dataclass(frozen=True, eq=False)
class Picture:
    """An image, decoded and as a JPEG file of the same size."""

    frame: Frame
    jpeg: bytes


class Images:
    """Reads images, and keeps the last ones; all in one thread, which opens the recordings.

    Args:
        open_sequence: of ReviewProject.

    """

    def __init__(self, open_sequence: Callable[[str], ImageSequence]) -> None:
        self._open = open_sequence
        self._readers: OrderedDict[str, _Reader] = OrderedDict()
        self._kept: OrderedDict[tuple[str, int], Picture] = OrderedDict()

    def picture(self, recording: str, number: int) -> Picture:
        """Return an image.

        Raises:
            PicosamError: it cannot be read, or the recording cannot.

        """
        key = recording, number
        if key not in self._kept:
            found = self._reader(recording).read(number)
            _keep(self._kept, key, _picture(found), KEPT_IMAGES)
        self._kept.move_to_end(key)
        return self._kept[key]

    def close(self) -> None:
        """Close all recordings."""
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def _reader(self, recording: str) -> _Reader:
        if recording not in self._readers:
            reader = _Reader(self._open(recording), recording)
            for left in _keep(self._readers, recording, reader, KEPT_RECORDINGS):
                left.close()
        self._readers.move_to_end(recording)
        return self._readers[recording]


class _Reader:
    """Reads one recording, on from where it was."""

    def __init__(self, sequence: ImageSequence, recording: str) -> None:
        self._sequence = sequence
        self._recording = recording
        self._images: Iterator[SequenceImage] = iter(())
        # The image that comes next has this number at least; after all of them nothing comes.
        self._next = 0
        self._begun = False
        self._ahead: SequenceImage | None = None

    def read(self, number: int) -> SequenceImage:
        if not (self._begun and 0 <= number - self._next <= PASSED_OVER):
            self._images, self._begun = self._sequence.images(number), True
            self._ahead, self._next = None, number
        try:
            found = self._reach(number)
        except BaseException:
            self._begun = False
            raise
        if found is None or found.number != number:
            raise ImageError(self._reason(number))
        return found

    def close(self) -> None:
        self._sequence.close()

    def _reach(self, number: int) -> SequenceImage | None:
        """Return the first image that has at least this number; None if there is none."""
        found = self._ahead or next(self._images, None)
        while found is not None and found.number < number:
            found = next(self._images, None)
        read = found is not None and found.number == number
        self._ahead = None if read else found
        self._next = number + 1
        return found

    def _reason(self, number: int) -> str:
        known = self._sequence.refused.get(number) or self._sequence.damage
        return (
            f'image {number} of recording {self._recording!r} cannot be read: '
            f'{known or "it is not there"}; reject it, or bring the recording back'
        )


def _picture(image: SequenceImage) -> Picture:
    return Picture(image.frame, image.jpeg or to_jpeg(image.frame.pixels, _LEVEL))


def _keep(kept: OrderedDict[Key, Value], key: Key, value: Value, most: int) -> list[Value]:
    """Add a value, and return those that were used longest ago and have to go."""
    kept[key] = value
    return [kept.popitem(last=False)[1] for _ in range(len(kept) - most)]
