"""Image files in and out."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.commands.outputs import check_place, reason, write_file
from picosam_ros.errors import ImageError
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
    write_labels(path, inside.view(np.uint8) * np.uint8(255))


def write_labels(path: Path, labels: Pixels) -> None:
    """Write H×W uint8 as mono8, in the lossless format of its suffix; see write_mask."""
    check_mask_writable(path, labels.shape[1], labels.shape[0])
    _write(path, labels)


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
