"""Single images of recordings: quick in the order of the recording, and in any other."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from picosam_ros.errors import ImageError
from picosam_ros.frame import Frame
from picosam_ros.sequences.base import ImageSequence, SequenceImage
from picosam_ros.viewer.frames import Level, to_jpeg

# Pixels of the images that are kept, in bytes: the pages show neighbours, and clicks need the
# pixels of what is shown. At least so many are kept, however large they are.
KEPT_BYTES, LEAST_KEPT = 2**28, 4
# Of a project's recordings; a bag may hold many files open.
KEPT_RECORDINGS = 3
# Images that are passed over sooner than the right one is searched for.
PASSED_OVER = 100
# Who goes back by one goes back further: so many before are read at once, where they can be kept.
READ_BACK = 24

_LEVEL = Level(65535, 92)


@dataclass(frozen=True, eq=False)
class Picture:
    """An image, decoded and, in the thread that reads images, as a JPEG file of the same size."""

    image: SequenceImage

    @property
    def frame(self) -> Frame:
        """Its pixels."""
        return self.image.frame

    @cached_property
    def jpeg(self) -> bytes:
        """The file, as it was recorded if that was a JPEG."""
        return self.image.jpeg or to_jpeg(self.frame.pixels, _LEVEL)


class Images:
    """Reads images, and keeps the last ones; all in one thread, which opens the recordings.

    Args:
        open_sequence: called with the name of a recording; it may raise PicosamError.

    """

    def __init__(self, open_sequence: Callable[[str], ImageSequence]) -> None:
        self._open = open_sequence
        self._readers: OrderedDict[str, _Reader] = OrderedDict()
        self._kept = _Kept()

    def picture(self, recording: str, number: int) -> Picture:
        """Return an image.

        Raises:
            PicosamError: it cannot be read, or the recording cannot.

        """
        key = recording, number
        if (found := self._kept.find(key)) is None:
            for image in self._reader(recording).read(number, self._kept.room):
                found = self._kept.add((recording, image.number), Picture(image))
        assert found is not None
        return found

    def jpeg(self, recording: str, number: int) -> bytes:
        """Return an image as a JPEG file. Raises as `picture` does."""
        return self.picture(recording, number).jpeg

    def close(self) -> None:
        """Close all recordings."""
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def _reader(self, recording: str) -> _Reader:
        if recording not in self._readers:
            self._readers[recording] = _Reader(self._open(recording), recording)
            if len(self._readers) > KEPT_RECORDINGS:
                self._readers.popitem(last=False)[1].close()
        self._readers.move_to_end(recording)
        return self._readers[recording]


class _Kept:
    """The images that were used last."""

    def __init__(self) -> None:
        self._pictures: OrderedDict[tuple[str, int], Picture] = OrderedDict()
        self._bytes = 0

    @property
    def room(self) -> int:
        """How many images like the last one half of the room is for; one if there is none yet."""
        if not self._pictures:
            return 1
        last = next(reversed(self._pictures.values()))
        return max(KEPT_BYTES // 2 // last.frame.pixels.nbytes, 1)

    def find(self, key: tuple[str, int]) -> Picture | None:
        if key in self._pictures:
            self._pictures.move_to_end(key)
        return self._pictures.get(key)

    def add(self, key: tuple[str, int], picture: Picture) -> Picture:
        known = self._pictures.pop(key, None)
        self._bytes += picture.frame.pixels.nbytes - (known.frame.pixels.nbytes if known else 0)
        self._pictures[key] = picture
        while self._bytes > KEPT_BYTES and len(self._pictures) > LEAST_KEPT:
            self._bytes -= self._pictures.popitem(last=False)[1].frame.pixels.nbytes
        return picture


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

    def read(self, number: int, room: int) -> list[SequenceImage]:
        """Return an image, the last one, after those that were read on the way back to it.

        Args:
            number: of the image.
            room: for so many images, it included.

        """
        before = 0
        if not (self._begun and 0 <= number - self._next <= PASSED_OVER):
            back = self._begun and 0 < self._next - number <= PASSED_OVER
            before = min(READ_BACK, room - 1, number) if back else 0
            self._images, self._begun = self._sequence.images(number - before), True
            self._ahead, self._next = None, number - before
        try:
            found = [self._reach(one) for one in range(number - before, number + 1)]
        except BaseException:
            self._begun = False
            raise
        if found[-1] is None:
            raise ImageError(self._reason(number))
        return [image for image in found if image is not None]

    def close(self) -> None:
        self._sequence.close()

    def _reach(self, number: int) -> SequenceImage | None:
        """Return the image of this number; None if it is missing."""
        found = self._ahead or next(self._images, None)
        while found is not None and found.number < number:
            found = next(self._images, None)
        read = found is not None and found.number == number
        self._ahead = None if read else found
        self._next = number + 1
        return found if read else None

    def _reason(self, number: int) -> str:
        known = self._sequence.refused.get(number) or self._sequence.damage
        return (
            f'image {number} of recording {self._recording!r} cannot be read: '
            f'{known or "it is not there"}; leave it out, or bring the recording back'
        )
