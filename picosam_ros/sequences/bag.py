"""The images of a topic of a rosbag2."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from picosam_ros.bags.messages import COMPRESSED, read_frame
from picosam_ros.bags.recording import Recorded, Recording
from picosam_ros.errors import BagError, ImageError
from picosam_ros.sequences.base import SequenceImage
from picosam_ros.sequences.spool import Spool
from picosam_ros.sequences.stored_jpeg import stored_jpeg
from picosam_ros.wire.messages import read_compressed_image
from picosam_ros.wire.value_range import Scale, ValueScale


class BagSequence:
    """An ImageSequence of a rosbag2, for the thread that opens it. Numbers count all messages.

    Backwards, the messages are read forwards once, and kept on the disk until they are wanted.

    Args:
        path: of the recording: its folder, or a .db3 or .mcap file, compressed or not.
        topic: of the images; may be empty where there is one only.
        scale: takes 16 bits a value to 8; None takes, in each pass, the range that the images use
            from its first one on.

    Attributes:
        topic: of the images.

    Raises:
        BagError: there is no such recording or topic; while reading backwards, there is no room.

    """

    def __init__(self, path: Path, topic: str = '', scale: Scale | None = None) -> None:
        self.path = path
        self.refused: dict[int, str] = {}
        self._scale = scale
        self._recording = Recording(path)
        try:
            self.topic = self._recording.choose(topic)
        except BagError:
            self.close()
            raise
        self.total = self._recording.topics[self.topic]

    @property
    def damage(self) -> str:
        return self._recording.damage

    @property
    def notes(self) -> Sequence[str]:
        return self._recording.notes

    def __enter__(self) -> BagSequence:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._recording.close()

    def images(self, first: int = 0, end: int | None = None) -> Iterator[SequenceImage]:
        scale = self._scale or ValueScale()
        for number, recorded in self._messages(first, end):
            yield from self._read(number, recorded, scale)

    def reversed(self, first: int, end: int) -> Iterator[SequenceImage]:
        scale = self._scale or ValueScale()
        kept: list[tuple[int, int, str]] = []
        with Spool(BagError) as spool:
            for number, recorded in self._messages(first, end):
                spool.append(recorded.serialised)
                kept.append((number, recorded.at_ns, recorded.kind))
            for (number, at_ns, kind), serialised in zip(
                reversed(kept), spool.backwards(), strict=True
            ):
                yield from self._read(number, Recorded(at_ns, kind, serialised), scale)

    def _messages(self, first: int, end: int | None) -> Iterator[tuple[int, Recorded]]:
        return islice(enumerate(self._recording.images(self.topic)), first, end)

    def _read(self, number: int, recorded: Recorded, scale: Scale) -> Iterator[SequenceImage]:
        """Yield the image, or note why it cannot be read."""
        try:
            frame = read_frame(recorded.serialised, recorded.kind, scale)
        except ImageError as error:
            self.refused[number] = str(error)
            return
        yield SequenceImage(number, frame, recorded.at_ns, _jpeg(recorded))


def _jpeg(recorded: Recorded) -> bytes:
    if recorded.kind != COMPRESSED:
        return b''
    return stored_jpeg(read_compressed_image(recorded.serialised).data.tobytes())
