"""A video file, from its first frame to its last."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from picosam_ros.errors import CameraError
from picosam_ros.frame import Pixels

# For files that do not tell their rate.
FALLBACK_RATE = 30.0

# FFmpeg plays any text file as a film of a terminal.
TEXT_CODEC = b'ansi'

# A file that has less than this share of what its header promises broke off. Less than all is
# common: some headers only estimate the number of frames, or count the sound's length.
COMPLETE = 0.9


@dataclass(frozen=True, eq=False)
class Shot:
    """A frame of a file: nanoseconds after the first one, and H×W×3 uint8 RGB."""

    media_ns: int
    pixels: Pixels


class Clip:
    """One pass through a video file.

    Args:
        path: of any file that OpenCV reads.
        rate: frames per second that replaces the file's own timestamps; 0 keeps them.

    Raises:
        CameraError: there is no such file, or it is not a video.

    """

    def __init__(self, path: str, rate: float = 0) -> None:
        self._path = path
        self._capture = _open(path)
        self._own_pace = rate <= 0
        own_rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate = rate if rate > 0 else own_rate if 0 < own_rate <= 1000 else FALLBACK_RATE
        width, height = (
            self._capture.get(prop)
            for prop in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        self.size = f'{width:.0f}x{height:.0f}'
        self._period_ns = round(1e9 / self.rate)
        self._count = 0
        self._first_ms = 0.0
        self._media_ns = -self._period_ns

    @property
    def end_ns(self) -> int:
        """Media time at which the frame after the last one that was read is due."""
        return self._media_ns + self._period_ns

    @property
    def promised(self) -> int:
        """Frames of the file as its header tells; some headers only estimate it, 0 tells none."""
        return max(int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0)

    def next(self) -> Shot | None:
        """Decode the next frame; None at the end. Raises CameraError where the file breaks off."""
        ok, bgr = self._capture.read()
        if not ok:
            self._check_complete()
            return None
        self._media_ns = self._next_media_ns()
        self._count += 1
        return Shot(self._media_ns, np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8))

    def release(self) -> None:
        """Close the file."""
        self._capture.release()

    def _next_media_ns(self) -> int:
        position_ms = self._capture.get(cv2.CAP_PROP_POS_MSEC)
        if not self._count:
            self._first_ms = position_ms
        told_ns = round((position_ms - self._first_ms) * 1e6)
        # Some containers tell no timestamps, or the same one twice.
        return told_ns if self._own_pace and told_ns > self._media_ns else self.end_ns

    def _check_complete(self) -> None:
        if not self._count:
            raise CameraError(f'{self._path} has no frame that OpenCV can decode')
        promised = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        own_rate = self._capture.get(cv2.CAP_PROP_FPS)
        seconds = self.end_ns / 1e9 if self._own_pace else self._count / max(own_rate, 1e-9)
        if self._count < COMPLETE * promised and seconds * own_rate < COMPLETE * promised:
            raise CameraError(
                f'{self._path} breaks off after {self._count} of {promised:.0f} frames; '
                'copy it again, or mend it: `ffmpeg -i FILE -c copy MENDED`'
            )


def _open(path: str) -> cv2.VideoCapture:
    if not Path(path).is_file():
        raise CameraError(f'{path!r} is not a file; the camera video needs a video file as source')
    capture = cv2.VideoCapture(path)
    codec = int(capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF
    if not capture.isOpened() or codec.to_bytes(4, 'little') == TEXT_CODEC:
        raise CameraError(
            f'{path} is not a video that OpenCV can decode, or its end is missing; '
            '`ffprobe FILE` tells what it is'
        )
    return capture
