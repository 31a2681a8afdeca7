"""Video files out: H.264 where PyAV is installed, which browsers play, else what OpenCV has."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from picosam_ros.cameras.video import check_text
from picosam_ros.commands.fixes import install_command
from picosam_ros.commands.outputs import check_place, open_part, reason
from picosam_ros.errors import ImageError, OutputError
from picosam_ros.files.replace import PartFile
from picosam_ros.frame import Pixels

# What OpenCV's wheels can encode, by suffix.
CODECS = {'.mp4': 'mp4v', '.mkv': 'mp4v', '.avi': 'MJPG'}
# The containers that H.264 is written into, as FFmpeg calls them.
_CONTAINERS = {'.mp4': 'mp4', '.mkv': 'matroska'}

# Hardly to be told from the original, at about 1 Mbit/s for VGA.
_QUALITY = {'crf': '20', 'preset': 'veryfast'}
# MPEG-4 Part 2 counts time in units of 1/65535 s at the finest; 1001 is the denominator of NTSC.
_FINEST, _DENOMINATOR = 65535, 1001
# FFmpeg's number for the matrix of ITU-R BT.601, to which OpenCV and swscale convert.
_BT601 = 6


class _Encoder(Protocol):
    """Writes the frames of one file."""

    codec: str

    def write(self, rgb: Pixels) -> None: ...

    def close(self) -> None: ...


class VideoWriter:
    """Writes a video file, beside `path`, and gives it that name when it is complete.

    It is begun with the first frame. An error in the `with` statement leaves nothing.

    Args:
        path: its suffix, one of CODECS, chooses the format.
        rate: frames per second.

    Attributes:
        frames: that were written.
        codec: of the file; empty before the first frame.
        notes: a sentence for each thing that is not as it was asked for, or could be better.

    Raises:
        ImageError: the format is unknown.
        OutputError: the file cannot be written.

    """

    def __init__(self, path: Path, rate: float) -> None:
        if path.suffix.lower() not in CODECS:
            raise ImageError(
                f'video file {path.name!r} is of an unknown format; use one of the suffixes '
                f'{", ".join(CODECS)}'
            )
        check_place(path)
        check_text(path)
        self.path = path
        self.frames = 0
        self.notes: list[str] = []
        self.codec = ''
        self._rate = rounded_rate(rate)
        self._encoder: _Encoder | None = None
        self._part: PartFile | None = None
        if abs(float(self._rate) - rate) > 1e-9 * rate:
            self.notes.append(f'the rate of {rate:.9g} Hz is rounded to {float(self._rate):.9g} Hz')

    def write(self, rgb: Pixels) -> None:
        """Append an H×W×3 uint8 image, R, G, B; all of one size.

        Raises:
            OutputError: the file cannot be written.

        """
        height, width = rgb.shape[:2]
        if self._encoder is None:
            self._encoder = self._opened(width, height)
        # A side that is odd, the encoders would cut or refuse: colours are for two pixels together.
        added = ((0, height % 2), (0, width % 2), (0, 0))
        even = np.pad(rgb, added, mode='edge') if height % 2 or width % 2 else rgb
        try:
            self._encoder.write(even)
        except OSError as error:
            raise self._incomplete() from error
        self.frames += 1

    def close(self) -> None:
        """Finish the file; raise OutputError if not all of its frames can be read back."""
        if self._encoder is None or self._part is None:
            return
        encoder, self._encoder = self._encoder, None
        try:
            encoder.close()
        except OSError as error:
            raise self._incomplete() from error
        # OpenCV reports no error while it writes, not even a full disk.
        if _frames_in(self._part.path) < self.frames:
            raise self._incomplete()
        try:
            self._part.keep()
        except OSError as error:
            raise OutputError(f'{self.path} cannot be written: {reason(error)}') from error

    def _incomplete(self) -> OutputError:
        return OutputError(f'{self.path} could not be written completely; is the disk full?')

    def _opened(self, width: int, height: int) -> _Encoder:
        try:
            self._part = open_part(self.path)
        except OSError as error:
            raise OutputError(f'{self.path} cannot be written: {reason(error)}') from error
        suffix, made = self.path.suffix.lower(), self._part.path
        even = width + width % 2, height + height % 2
        if even != (width, height):
            self.notes.append(
                f'{width}×{height} pixels are written as {even[0]}×{even[1]}: the sides of videos '
                'are even'
            )
        lack = h264_lack() if suffix in _CONTAINERS else ''
        if suffix not in _CONTAINERS or lack:
            encoder: _Encoder = _OpenCv(self.path, made, self._rate, *even)
        else:
            encoder = _H264(made, _CONTAINERS[suffix], self._rate, *even)
        self.codec = encoder.codec
        if lack:
            self.notes.append(f'{self.path.name} is MPEG-4, which browsers do not play: {lack}')
        return encoder

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.close()
            elif self._encoder is not None:
                self._abandon(self._encoder)
        finally:
            if self._part is not None:
                self._part.remove()

    def _abandon(self, encoder: _Encoder) -> None:
        with suppress(OSError):  # the error that ended the writing is the one that is told
            encoder.close()


def h264_lack() -> str:
    """Return why H.264 cannot be written here, and what to do; empty if it can."""
    if find_spec('av') is None:
        return f'for H.264, {install_command("av", "python3-av", locked=False)}'
    import av

    if 'libx264' not in av.codecs_available:
        return 'the PyAV that is installed has no libx264; that of PyPI has it'
    return ''


def rounded_rate(rate: float) -> Fraction:
    """Return the frames per second as containers can have them: 29.97 is 30000/1001."""
    most = max(1, min(_DENOMINATOR, int(_FINEST / max(rate, 1.0))))
    return Fraction(rate).limit_denominator(most) or Fraction(1, most)


class _H264:
    """H.264 that browsers play while they load it: 4:2:0, the index in front."""

    codec = 'h264'

    def __init__(self, path: Path, container: str, rate: Fraction, width: int, height: int) -> None:
        import av

        self._new = av.VideoFrame.from_ndarray
        options = {'movflags': '+faststart'} if container == 'mp4' else {}
        self._file: Any = av.open(str(path), 'w', format=container, options=options)
        self._stream: Any = self._file.add_stream('libx264', rate=rate, options=_QUALITY)
        self._stream.width, self._stream.height = width, height
        self._stream.pix_fmt = 'yuv420p'
        self._stream.codec_context.colorspace = _BT601

    def write(self, rgb: Pixels) -> None:
        frame = self._new(np.ascontiguousarray(rgb), format='rgb24')
        self._file.mux(self._stream.encode(frame))

    def close(self) -> None:
        try:
            self._file.mux(self._stream.encode())
        finally:
            self._file.close()


class _OpenCv:
    """What OpenCV writes."""

    def __init__(self, path: Path, made: Path, rate: Fraction, width: int, height: int) -> None:
        suffix = path.suffix.lower()
        self.codec = 'mpeg4' if CODECS[suffix] == 'mp4v' else 'mjpeg'
        code = cv2.VideoWriter.fourcc(*CODECS[suffix])
        self._writer = cv2.VideoWriter(str(made), code, float(rate), (width, height))
        if not self._writer.isOpened():
            raise OutputError(
                f'{path} cannot be written; is the folder writable, and {width}×{height} '
                f'a size that {path.suffix} can have?'
            )

    def write(self, rgb: Pixels) -> None:
        self._writer.write(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))

    def close(self) -> None:
        self._writer.release()


def _frames_in(path: Path) -> int:
    """Count them one by one: the header of a file that was cut off may promise more."""
    # Its other readers print what they find in a file that was cut off.
    capture, count = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG), 0
    while capture.grab():
        count += 1
    capture.release()
    return count
