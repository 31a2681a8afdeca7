"""The images of a data set as JPEG files; a file that several formats have is stored once."""

from __future__ import annotations

import os
from pathlib import Path

import cv2

from picosam_ros.datasets.base import Example

_QUALITY = 95


class ImageFiles:
    """Writes images as JPEG: as they were recorded, or with the quality 95."""

    def __init__(self) -> None:
        self._example: Example | None = None
        self._jpeg = b''
        self._first = Path()

    def put(self, example: Example, path: Path) -> None:
        """Write the image of an example to a new file; folders above it are made.

        A further file of the same example is a second name of the first, where the disk has that.

        Raises:
            OSError: it cannot be written.

        """
        path.parent.mkdir(parents=True, exist_ok=True)
        if example is self._example and _linked(self._first, path):
            return
        if example is not self._example:
            self._jpeg = example.image.jpeg or _encode(example)
        with path.open('xb') as file:
            file.write(self._jpeg)
        self._example, self._first = example, path


def _linked(there: Path, path: Path) -> bool:
    """Whether a file has a second name now; not all file systems give one."""
    try:
        os.link(there, path)
    except OSError:
        return False
    return True


def _encode(example: Example) -> bytes:
    pixels = cv2.cvtColor(example.image.frame.pixels, cv2.COLOR_RGB2BGR)
    _, jpeg = cv2.imencode('.jpg', pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return jpeg.tobytes()
