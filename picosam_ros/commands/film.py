"""Video files out."""

from __future__ import annotations

from pathlib import Path

import cv2

from picosam_ros.errors import ImageError
from picosam_ros.frame import Pixels

# What OpenCV's wheels can encode, by the ending of the name.
CODECS = {'.mp4': 'mp4v', '.mkv': 'mp4v', '.avi': 'MJPG'}


class Film:
    """A video file in the making; it comes into being with its first frame.

    Args:
        path: its ending chooses the format, one of CODECS.
        rate: frames per second.

    Raises:
        ImageError: the format is unknown, or there is no such folder.

    """

    def __init__(self, path: Path, rate: float) -> None:
        if path.suffix.lower() not in CODECS:
            raise ImageError(
                f'a video cannot go into {path.name!r}; let the name end in one of '
                f'{", ".join(CODECS)}'
            )
        if not path.parent.is_dir():
            raise ImageError(f'{path} cannot be written: there is no folder {path.parent}')
        self.path = path
        self.frames = 0
        self._rate = rate
        self._writer: cv2.VideoWriter | None = None

    def write(self, rgb: Pixels) -> None:
        """Append an H×W×3 uint8 picture, R, G, B; all of one size."""
        if self._writer is None:
            self._writer = self._opened(rgb.shape[1], rgb.shape[0])
        self._writer.write(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
        self.frames += 1

    def close(self) -> None:
        """Finish the file; raise ImageError if it does not hold what was written."""
        if self._writer is None:
            return
        self._writer.release()
        self._writer = None
        # OpenCV tells nothing while it writes, not even that the disk is full.
        if not cv2.VideoCapture(str(self.path)).read()[0]:
            raise ImageError(f'{self.path} could not be written to its end; is the disk full?')

    def _opened(self, width: int, height: int) -> cv2.VideoWriter:
        code = cv2.VideoWriter.fourcc(*CODECS[self.path.suffix.lower()])
        writer = cv2.VideoWriter(str(self.path), code, self._rate, (width, height))
        if not writer.isOpened():
            raise ImageError(
                f'{self.path} cannot be written; is the folder writable, and {width}×{height} '
                f'a size that {self.path.suffix} can have?'
            )
        return writer

    def __enter__(self) -> Film:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        elif self._writer is not None:
            self._writer.release()
