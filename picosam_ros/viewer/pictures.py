"""Pictures that users give to the page: what is allowed, what it is told, and who shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from picosam_ros.errors import ImageError
from picosam_ros.frame import Pixels
from picosam_ros.wire.encoded_images import decode_image
from picosam_ros.wire.image_size import image_size

# Photographs of today's phones have up to 50 megapixels.
LARGEST_FILE = 64 << 20
MOST_PIXELS = 64_000_000
LONGEST_NAME = 100
_ALLOWED = (
    f'allowed are JPEG, PNG, WebP, BMP and TIFF files of up to {LARGEST_FILE >> 20} MiB and '
    f'{MOST_PIXELS / 1e6:g} megapixels'
)


@dataclass(frozen=True)
class Shown:
    """What a page is told.

    Attributes:
        offered: whether it may send pictures.
        name: of the picture's file, empty if that has none; None where a camera is shown.
        camera: whether there is one.

    """

    offered: bool = False
    name: str | None = None
    camera: bool = True


class PictureViewer(Protocol):
    """Shows pictures in the place of the camera. Thread-safe."""

    def show_picture(self, pixels: Pixels, name: str) -> None:
        """Show H×W×3 uint8 RGB; `name` is that of its file, empty if it has none."""

    def show_camera(self) -> None:
        """Show the camera again, if there is one."""


def decode_picture(encoded: bytes) -> Pixels:
    """Return H×W×3 uint8, R, G, B, rotated by the EXIF orientation.

    Raises:
        ImageError: it is no image, or too large a one.

    """
    try:
        width, height = image_size(encoded)
        if width * height > MOST_PIXELS:
            raise ImageError(f'it has {width}×{height} pixels')
        return decode_image(np.frombuffer(encoded, np.uint8))
    except ImageError as error:
        raise ImageError(f'the picture cannot be shown: {error}; {_ALLOWED}') from error


def too_large(size: int) -> str:
    """Return the sentence about a file of so many bytes."""
    return (
        f'the picture cannot be shown: its file has {size / 2**20:.1f} MiB; {_ALLOWED}; '
        'scale it down'
    )


def clean_name(given: str) -> str:
    """Return the last part of a file's name, of what can be printed, and not too long."""
    last = given.replace('\\', '/').rpartition('/')[2]
    return ''.join(filter(str.isprintable, last))[-LONGEST_NAME:].strip()
