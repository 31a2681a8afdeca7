"""Image and video files in and out."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.errors import ImageError
from picosam_ros.frame import Pixels

LOSSLESS = ('.png', '.bmp', '.pgm', '.tif', '.tiff')


def read_image(path: Path) -> Pixels:
    """Return an image as H×W×3 uint8, R, G, B, rotated by its EXIF orientation.

    Raises:
        ImageError: there is no such file, or it is not an image.

    """
    try:
        encoded = path.read_bytes()
    except OSError as error:
        raise ImageError(f'image {path} cannot be read: {_reason(error)}') from error
    bgr = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR) if encoded else None
    if bgr is None:
        raise ImageError(
            f'OpenCV cannot read {path} as an image; allowed are JPEG, PNG, BMP and TIFF files'
        )
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def write_image(path: Path, rgb: Pixels) -> None:
    """Write H×W×3 uint8, R, G, B, in the format of its suffix.

    Raises:
        ImageError: the format is unknown, or the file cannot be written.

    """
    check_writable(path)
    _write(path, np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), np.uint8))


def check_writable(path: Path) -> None:
    """Raise ImageError if the format is unknown, or there is no such folder."""
    if not path.suffix or not cv2.haveImageWriter(path.name):
        raise ImageError(f'OpenCV cannot write {path.name!r}; use the suffix .png or .jpg')
    if not path.parent.is_dir():
        raise ImageError(f'{path} cannot be written: there is no folder {path.parent}')


def write_mask(path: Path, inside: npt.NDArray[np.bool_]) -> None:
    """Write H×W bool as mono8: 255 on the object, else 0.

    Raises:
        ImageError: the format is not lossless, or the file cannot be written.

    """
    if path.suffix.lower() not in LOSSLESS:
        raise ImageError(
            f'mask file {path.name!r} is not of a lossless format; use one of the suffixes '
            f'{", ".join(LOSSLESS)}'
        )
    _write(path, inside.view(np.uint8) * np.uint8(255))


def _write(path: Path, pixels: npt.NDArray[np.uint8]) -> None:
    _, encoded = cv2.imencode(path.suffix.lower(), pixels)
    try:
        path.write_bytes(encoded.tobytes())
    except OSError as error:
        raise ImageError(f'{path} cannot be written: {_reason(error)}') from error


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


# What OpenCV's wheels can encode, by suffix.
CODECS = {'.mp4': 'mp4v', '.mkv': 'mp4v', '.avi': 'MJPG'}


class VideoWriter:
    """Writes a video file; it is created with its first frame.

    Args:
        path: its suffix, one of CODECS, chooses the format.
        rate: frames per second.

    Raises:
        ImageError: the format is unknown, or there is no such folder.

    """

    def __init__(self, path: Path, rate: float) -> None:
        if path.suffix.lower() not in CODECS:
            raise ImageError(
                f'video file {path.name!r} is of an unknown format; use one of the suffixes '
                f'{", ".join(CODECS)}'
            )
        if not path.parent.is_dir():
            raise ImageError(f'{path} cannot be written: there is no folder {path.parent}')
        self.path = path
        self.frames = 0
        self._rate = rate
        self._writer: cv2.VideoWriter | None = None

    def write(self, rgb: Pixels) -> None:
        """Append an H×W×3 uint8 image, R, G, B; all of one size."""
        if self._writer is None:
            self._writer = self._opened(rgb.shape[1], rgb.shape[0])
        self._writer.write(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
        self.frames += 1

    def close(self) -> None:
        """Finish the file; raise ImageError if it cannot be read back."""
        if self._writer is None:
            return
        self._writer.release()
        self._writer = None
        # OpenCV reports no error while it writes, not even a full disk.
        if not cv2.VideoCapture(str(self.path)).read()[0]:
            raise ImageError(f'{self.path} could not be written completely; is the disk full?')

    def _opened(self, width: int, height: int) -> cv2.VideoWriter:
        code = cv2.VideoWriter.fourcc(*CODECS[self.path.suffix.lower()])
        writer = cv2.VideoWriter(str(self.path), code, self._rate, (width, height))
        if not writer.isOpened():
            raise ImageError(
                f'{self.path} cannot be written; is the folder writable, and {width}×{height} '
                f'a size that {self.path.suffix} can have?'
            )
        return writer

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        elif self._writer is not None:
            self._writer.release()
