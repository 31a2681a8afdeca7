"""The frames of a film."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from picosam_ros.cameras.video import VideoFile, VideoFrame
from picosam_ros.errors import CameraError
from picosam_ros.frame import Frame, Pixels
from picosam_ros.sequences.base import SequenceImage
from picosam_ros.sequences.spool import Spool

# Most films would otherwise take twice the room, and no less time.
_FASTEST = (cv2.IMWRITE_PNG_COMPRESSION, 1)


class FilmSequence:
    """An ImageSequence of a film. Of one that is truncated, the frames before; stamps are from 0.

    A film cannot be decoded backwards: its frames are decoded forwards once, and kept on the disk,
    compressed without loss, until they are wanted.

    Args:
        path: of any file that OpenCV reads.

    Attributes:
        total: as the film's header has it, in some an estimate.

    Raises:
        CameraError: it is not a film; while reading, it has no frame that can be decoded, or,
            backwards, there is no room.

    """

    notes: Sequence[str] = ()

    def __init__(self, path: Path) -> None:
        self.path = path
        self.refused: dict[int, str] = {}
        self.damage = ''
        file = VideoFile(str(path))
        self.total = file.frame_count
        file.release()

    def __enter__(self) -> FilmSequence:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Do nothing: each pass closes its file."""

    def images(self, first: int = 0, end: int | None = None) -> Iterator[SequenceImage]:
        for number, frame in self._frames(first, end):
            yield _image(number, frame.media_ns, frame.pixels)

    def reversed(self, first: int, end: int) -> Iterator[SequenceImage]:
        kept: list[tuple[int, int]] = []
        with Spool(CameraError) as spool:
            for number, frame in self._frames(first, end):
                spool.append(_packed(frame.pixels))
                kept.append((number, frame.media_ns))
            for (number, media_ns), packed in zip(reversed(kept), spool.backwards(), strict=True):
                yield _image(number, media_ns, _unpacked(packed))

    def _frames(self, first: int, end: int | None) -> Iterator[tuple[int, VideoFrame]]:
        for number, frame in self._all_frames():
            if end is not None and number >= end:
                return
            if number >= first:
                yield number, frame

    def _all_frames(self) -> Iterator[tuple[int, VideoFrame]]:
        file = VideoFile(str(self.path))
        due = 0
        try:
            while (found := self._next(file, due)) is not None:
                number, frame = found
                for broken in range(due, number):
                    self.refused[broken] = f'frame {broken} of {self.path} cannot be decoded'
                due = number + 1
                yield number, frame
        finally:
            file.release()

    def _next(self, file: VideoFile, due: int) -> tuple[int, VideoFrame] | None:
        """Return the next frame that can be decoded, with its number: from `due` on."""
        before = file.skipped
        try:
            frame = file.next()
        except CameraError as error:
            if not due:
                raise
            self.damage = str(error)
            return None
        return None if frame is None else (due + file.skipped - before, frame)


def _image(number: int, media_ns: int, pixels: Pixels) -> SequenceImage:
    return SequenceImage(number, Frame(pixels, media_ns), media_ns)


def _packed(pixels: Pixels) -> bytes:
    """Return a PNG whose red is the pixels' blue: nobody else reads it."""
    return cv2.imencode('.png', pixels, _FASTEST)[1].tobytes()


def _unpacked(packed: bytes) -> Pixels:
    return np.asarray(cv2.imdecode(np.frombuffer(packed, np.uint8), cv2.IMREAD_COLOR), np.uint8)
