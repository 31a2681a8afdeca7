"""Picture files in and out."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.errors import ImageError
from picosam_ros.frame import Pixels

LOSSLESS = ('.png', '.bmp', '.pgm', '.tif', '.tiff')


def read_picture(path: Path) -> Pixels:
    """Return a picture as H×W×3 uint8, R, G, B, turned upright as its EXIF data tell.

    Raises:
        ImageError: there is no such file, or it is not a picture.

    """
    try:
        encoded = path.read_bytes()
    except OSError as error:
        raise ImageError(f'the picture {path} cannot be read: {_reason(error)}') from error
    bgr = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR) if encoded else None
    if bgr is None:
        raise ImageError(
            f'{path} is not a picture that OpenCV can read; give a JPEG, PNG, BMP or TIFF file'
        )
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def write_picture(path: Path, rgb: Pixels) -> None:
    """Write H×W×3 uint8, R, G, B, in the format that the name ends in.

    Raises:
        ImageError: the format is unknown, or the file cannot be written.

    """
    check_writable(path)
    _write(path, np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), np.uint8))


def check_writable(path: Path) -> None:
    """Raise ImageError if the format is unknown, or there is no such folder."""
    if not path.suffix or not cv2.haveImageWriter(path.name):
        raise ImageError(f'OpenCV cannot write {path.name!r}; let the name end in .png or .jpg')
    if not path.parent.is_dir():
        raise ImageError(f'{path} cannot be written: there is no folder {path.parent}')


def write_mask(path: Path, inside: npt.NDArray[np.bool_]) -> None:
    """Write H×W bool as mono8: 255 on the object, else 0.

    Raises:
        ImageError: the format is not lossless, or the file cannot be written.

    """
    if path.suffix.lower() not in LOSSLESS:
        raise ImageError(
            f'a mask cannot go into {path.name!r}, which is no lossless format; '
            f'let the name end in one of {", ".join(LOSSLESS)}'
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
