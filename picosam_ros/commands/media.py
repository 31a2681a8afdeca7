"""Image and video files in and out."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.cameras.video import check_text
from picosam_ros.commands.outputs import check_place, open_part, reason, write_file
from picosam_ros.errors import ImageError, OutputError
from picosam_ros.files.replace import PartFile
from picosam_ros.frame import Pixels
from picosam_ros.wire.encoded_images import decode_image
from picosam_ros.wire.value_range import Scale

LOSSLESS = ('.png', '.bmp', '.pgm', '.tif', '.tiff')

# Of the formats that have less than anybody's camera could fill, in pixels.
LONGEST_SIDES = {'.webp': 16383, '.jpg': 65500, '.jpeg': 65500}

# Bytes of an image file; a device would never end.
LARGEST_FILE = 2**31


def read_image(path: Path, scale: Scale | None = None) -> Pixels:
    """Return an image as H×W×3 uint8, R, G, B, rotated by its EXIF orientation.

    `scale` takes 16 bits a value to 8; None takes the range that the image uses.

    Raises:
        ImageError: there is no such file, or it is not an image.

    """
    try:
        with path.open('rb') as file:
            encoded = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ImageError(f'image {path} cannot be read: {reason(error)}') from error
    if len(encoded) > LARGEST_FILE:
        raise ImageError(f'image {path} has more than {LARGEST_FILE} bytes; allowed are up to that')
    try:
        return decode_image(np.frombuffer(encoded, np.uint8), scale)
    except ImageError as error:
        raise ImageError(
            f'image {path} cannot be read: {error}; allowed are JPEG, PNG, BMP and TIFF files'
        ) from error


def write_image(path: Path, rgb: Pixels) -> None:
    """Write H×W×3 uint8, R, G, B, in the format of its suffix.

    Raises:
        ImageError: the format is unknown, or cannot hold the image.
        OutputError: the file cannot be written.

    """
    check_writable(path, rgb.shape[1], rgb.shape[0])
    _write(path, np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), np.uint8))


def check_writable(path: Path, width: int = 1, height: int = 1) -> None:
    """Check that an image in colour of this size, if it is known already, can be written.

    Raises:
        ImageError: the format is unknown, or cannot hold the image.
        OutputError: the file cannot be written.

    """
    # The suffix alone: a name that is no UTF-8 ends the process inside of OpenCV.
    if not path.suffix.isascii() or not path.suffix or not cv2.haveImageWriter(f'a{path.suffix}'):
        raise ImageError(f'OpenCV cannot write {path.name!r}; use the suffix .png or .jpg')
    check_place(path)
    if _encoded(path, np.zeros((1, 1, 3), np.uint8)) is None:
        raise ImageError(
            f'{path.name!r} is of a format that holds no colour; use the suffix .png or .jpg'
        )
    _check_size(path, width, height)


def check_mask_writable(path: Path, width: int = 1, height: int = 1) -> None:
    """Check that a mask can be written.

    Raises:
        ImageError: the format is not lossless, or cannot hold the mask.
        OutputError: the file cannot be written.

    """
    if path.suffix.lower() not in LOSSLESS:
        raise ImageError(
            f'mask file {path.name!r} is not of a lossless format; use one of the suffixes '
            f'{", ".join(LOSSLESS)}'
        )
    check_place(path)
    _check_size(path, width, height)


def write_mask(path: Path, inside: npt.NDArray[np.bool_]) -> None:
    """Write H×W bool as mono8: 255 on the object, else 0.

    Raises:
        ImageError: the format is not lossless.
        OutputError: the file cannot be written.

    """
    check_mask_writable(path, inside.shape[1], inside.shape[0])
    _write(path, inside.view(np.uint8) * np.uint8(255))


def _check_size(path: Path, width: int, height: int) -> None:
    """Try one row and one column: every format's limits are of its sides."""
    tried = (np.zeros((1, width), np.uint8), np.zeros((height, 1), np.uint8))
    if any(_encoded(path, side) is None for side in tried):
        most = LONGEST_SIDES.get(path.suffix.lower())
        allowed = f' (at most {most} a side)' if most else ''
        raise ImageError(
            f'{path.suffix} holds no image of {width}×{height} pixels{allowed}; use the suffix '
            '.png or .tif'
        )


def _encoded(path: Path, pixels: npt.NDArray[np.uint8]) -> bytes | None:
    """Return the file's content; None if the format cannot hold these pixels."""
    try:
        done, encoded = cv2.imencode(path.suffix.lower(), pixels)
    except cv2.error:
        return None
    return encoded.tobytes() if done else None


def _write(path: Path, pixels: npt.NDArray[np.uint8]) -> None:
    content = _encoded(path, pixels)
    if content is None:
        height, width = pixels.shape[:2]
        raise ImageError(
            f'OpenCV cannot write {width}×{height} pixels as {path.suffix}; use the suffix .png'
        )
    write_file(path, content)


# What OpenCV's wheels can encode, by suffix.
CODECS = {'.mp4': 'mp4v', '.mkv': 'mp4v', '.avi': 'MJPG'}


class VideoWriter:
    """Writes a video file, beside `path`, and gives it that name when it is complete.

    It is begun with the first frame. An error in the `with` statement leaves nothing.

    Args:
        path: its suffix, one of CODECS, chooses the format.
        rate: frames per second.

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
        self._rate = rate
        self._writer: cv2.VideoWriter | None = None
        self._part: PartFile | None = None

    def write(self, rgb: Pixels) -> None:
        """Append an H×W×3 uint8 image, R, G, B; all of one size."""
        if self._writer is None:
            self._writer = self._opened(rgb.shape[1], rgb.shape[0])
        self._writer.write(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
        self.frames += 1

    def close(self) -> None:
        """Finish the file; raise OutputError if not all of its frames can be read back."""
        if self._writer is None or self._part is None:
            return
        self._writer.release()
        self._writer = None
        # OpenCV reports no error while it writes, not even a full disk.
        if _frames_in(self._part.path) < self.frames:
            raise OutputError(f'{self.path} could not be written completely; is the disk full?')
        try:
            self._part.keep()
        except OSError as error:
            raise OutputError(f'{self.path} cannot be written: {reason(error)}') from error

    def _opened(self, width: int, height: int) -> cv2.VideoWriter:
        try:
            self._part = open_part(self.path)
        except OSError as error:
            raise OutputError(f'{self.path} cannot be written: {reason(error)}') from error
        code = cv2.VideoWriter.fourcc(*CODECS[self.path.suffix.lower()])
        writer = cv2.VideoWriter(str(self._part.path), code, self._rate, (width, height))
        if not writer.isOpened():
            raise OutputError(
                f'{self.path} cannot be written; is the folder writable, and {width}×{height} '
                f'a size that {self.path.suffix} can have?'
            )
        return writer

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.close()
            elif self._writer is not None:
                self._writer.release()
        finally:
            if self._part is not None:
                self._part.remove()


def _frames_in(path: Path) -> int:
    """Count them one by one: the header of a file that was cut off may promise more."""
    # Its other readers print what they find in a file that was cut off.
    capture, count = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG), 0
    while capture.grab():
        count += 1
    capture.release()
    return count
