"""A video file, played as a camera."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from picosam_ros.cameras.base import Alarm, stamp_of
from picosam_ros.errors import CameraError, EndOfStream
from picosam_ros.frame import Frame, Pixels

# For files without a frame rate.
FALLBACK_RATE = 30.0

# FFmpeg decodes any text file as a video of a terminal.
TEXT_CODEC = b'ansi'

# A file with less than this share of the frames in its header is truncated. Less than all is
# common: some headers only estimate the number of frames, or count the length of the audio.
COMPLETE = 0.9


# Frames in a row that cannot be decoded, after which a file is taken for ended.
BROKEN = 100
# The same for a file whose header does not tell how many there are.
BROKEN_UNCOUNTED = 5


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """A frame of a file: nanoseconds after the first one, and H×W×3 uint8 RGB."""

    media_ns: int
    pixels: Pixels


class VideoFile:
    """One pass through a video file.

    Args:
        path: of any file that OpenCV reads.
        rate: frames per second that replaces the file's own timestamps; 0 keeps them.

    Attributes:
        skipped: frames before the last one that could not be decoded.

    Raises:
        CameraError: there is no such file, or it is not a video.

    """

    def __init__(self, path: str, rate: float = 0) -> None:
        self._path = path
        self._capture = _open(path)
        self._own_timestamps = rate <= 0
        own_rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate = rate if rate > 0 else own_rate if 0 < own_rate <= 1000 else FALLBACK_RATE
        width, height = (
            self._capture.get(prop)
            for prop in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        self.size = f'{width:.0f}x{height:.0f}'
        self._period_ns = round(1e9 / self.rate)
        self._count = 0
        self.skipped = 0
        self._first_ms = 0.0
        self._media_ns = -self._period_ns

    @property
    def end_ns(self) -> int:
        """Media time at which the frame after the last one that was read is due."""
        return self._media_ns + self._period_ns

    @property
    def frame_count(self) -> int:
        """Number of frames in the header, in some files an estimate; 0 if the header has none."""
        return max(int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0)

    def next(self) -> VideoFrame | None:
        """Decode the next frame that can be decoded; None at the end.

        Raises:
            CameraError: the file is truncated.

        """
        bgr = self._read()
        if bgr is None:
            self._check_complete()
            return None
        self._media_ns = self._next_media_ns()
        self._count += 1
        return VideoFrame(
            self._media_ns, np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
        )

    def release(self) -> None:
        """Close the file."""
        self._capture.release()

    def _read(self) -> Pixels | None:
        """Return the next frame, B, G, R; OpenCV fails once for each one that is broken."""
        expected = self.frame_count - self._count - self.skipped
        most = min(max(expected, 1), BROKEN) if self.frame_count else BROKEN_UNCOUNTED
        for broken in range(most):
            ok, bgr = self._capture.read()
            if ok:
                self.skipped += broken
                return np.asarray(bgr, np.uint8)
        return None

    def _next_media_ns(self) -> int:
        position_ms = self._capture.get(cv2.CAP_PROP_POS_MSEC)
        if not self._count:
            self._first_ms = position_ms
        read_ns = round((position_ms - self._first_ms) * 1e6)
        # Some containers have no timestamps, or the same one twice.
        return read_ns if self._own_timestamps and read_ns > self._media_ns else self.end_ns

    def _check_complete(self) -> None:
        if not self._count:
            raise CameraError(f'{self._path} has no frame that OpenCV can decode')
        frame_count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        own_rate = self._capture.get(cv2.CAP_PROP_FPS)
        seconds = self.end_ns / 1e9 if self._own_timestamps else self._count / max(own_rate, 1e-9)
        known = self._count + self.skipped
        if known < COMPLETE * frame_count and seconds * own_rate < COMPLETE * frame_count:
            raise CameraError(
                f'{self._path} breaks off after {self._count} of {frame_count:.0f} frames; '
                'copy it again, or repair it: `ffmpeg -i FILE -c copy REPAIRED`'
            )


class MovingPictures(Protocol):
    """What is played: a video file, or the images of a recording."""

    rate: float
    size: str

    @property
    def end_ns(self) -> int:
        """Media time at which the frame after the last one that was read is due."""

    def next(self) -> VideoFrame | None:
        """Return the next frame; None at the end."""

    def release(self) -> None:
        """Close it."""


class VideoCamera:
    """Plays a file at its pace; a frame's stamp is the start's plus its time within the video.

    The stamps grow on over the repetitions. No frame is left out: a reader that is late makes the
    video play slower, so that frames are never stamped with a time that has long passed.

    Args:
        source: the file, in any format that OpenCV reads.
        rate: frames per second; 0 takes the file's own timestamps.
        frame_id: of the frames.
        loop: begin again at the end; else `read` raises EndOfStream there.
        opener: opens the file, given its path and the rate.

    """

    name = 'video'

    def __init__(
        self,
        *,
        source: str,
        rate: float,
        frame_id: str,
        loop: bool = True,
        opener: Callable[[str, float], MovingPictures] = VideoFile,
    ) -> None:
        self._opener = opener
        self._path = str(Path(source).expanduser()) if source else ''
        self._rate = rate
        self._frame_id = frame_id
        self._loop = loop
        self._file: MovingPictures | None = None
        self._next: VideoFrame | None = None
        self._lock = threading.Lock()
        self._alarm = Alarm()
        self._start_ns = 0
        self._stamp_ns = 0

    @property
    def description(self) -> dict[str, str]:
        file = self._file
        return {
            'source': self._path,
            'size': file.size if file else '',
            'rate': f'{file.rate if file else self._rate:g}',
            **({} if '://' in self._path else {'images': 'a recording'}),
        }

    def open(self) -> None:
        if self._file is not None:
            return
        if self._rate < 0:
            raise CameraError(
                f'rate {self._rate:g} was given; give frames per second, or 0 for the timestamps '
                'of the file'
            )
        file = self._opener(self._path, self._rate)
        frame = file.next()
        self._file, self._next = file, frame
        self._alarm = Alarm()
        self._start_ns = time.monotonic_ns()

    def read(self, timeout: float) -> Frame | None:
        """Wait for the next frame; `close` in another thread ends the wait, with None."""
        frame = self._peek()
        if frame is None:
            return None
        captured_ns = self._due(frame)
        if not self._alarm.wait_until(captured_ns, timeout):
            return None
        self._next = None
        # Later than the last one, even if the system's clock was set back in between.
        self._stamp_ns = max(stamp_of(captured_ns), self._stamp_ns + 1)
        return Frame(frame.pixels, self._stamp_ns, self._frame_id, received_ns=time.time_ns())

    def close(self) -> None:
        self._alarm.end()
        with self._lock:
            if self._file is not None:
                self._file.release()
            self._file = self._next = None

    def _peek(self) -> VideoFrame | None:
        """Return the frame that is shown next; None if the camera was closed."""
        with self._lock:
            if self._file is None:
                if self._alarm.ended:
                    return None
                raise CameraError(f'the camera {self.name} is not open; call open() first')
            if self._next is None:
                self._next = self._file.next() or self._first_again(self._file)
            return self._next

    def _first_again(self, file: MovingPictures) -> VideoFrame | None:
        if not self._loop:
            raise EndOfStream(f'{self._path} has ended')
        self._start_ns += file.end_ns
        file.release()
        self._file = self._opener(self._path, self._rate)
        return self._file.next()

    def _due(self, frame: VideoFrame) -> int:
        """Return the steady time of the frame; if that has passed, later frames are delayed too."""
        late_ns = time.monotonic_ns() - (self._start_ns + frame.media_ns)
        self._start_ns += max(late_ns, 0)
        return self._start_ns + frame.media_ns


def check_text(path: Path) -> None:
    """Raise CameraError for a path that is no UTF-8: it ends the process inside of OpenCV."""
    try:
        str(path.absolute()).encode()
    except UnicodeEncodeError as error:
        raise CameraError(
            f'{path} cannot be given to OpenCV: its path is no text in UTF-8; rename the file or '
            'its folder'
        ) from error


def _open(path: str) -> cv2.VideoCapture:
    if not Path(path).is_file():
        raise CameraError(f'{path!r} is not a file; give the path of a video')
    check_text(Path(path))
    # From the root: 'a:b.mp4' would be of a protocol a.
    capture = cv2.VideoCapture(str(Path(path).absolute()))
    codec = int(capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF
    if not capture.isOpened() or codec.to_bytes(4, 'little') == TEXT_CODEC:
        raise CameraError(
            f'{path} is not a video that OpenCV can decode, or its end is missing; '
            '`ffprobe FILE` shows what it is'
        )
    return capture
