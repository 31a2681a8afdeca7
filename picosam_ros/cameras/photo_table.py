"""What the demo shows: photos, views and objects that the shipped network gets right.

`python -m benchmarks.choose_photos --write` chooses them and writes the table.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from picosam_ros.cameras.photo_walk import Aim

TABLE = Path(__file__).with_name('demo_photos.json')


@dataclass(frozen=True)
class PhotoObject:
    """An object in a photo: a point on it, in the photo's pixels."""

    name: str
    x: float
    y: float


@dataclass(frozen=True)
class DemoPhoto:
    """A photo of the demo.

    Attributes:
        file: name of the file among scikit-image's.
        aim: of the camera; the middle of the image is always on an object.
        objects: of which a click anywhere on one is answered with it.

    """

    file: str
    aim: Aim
    objects: tuple[PhotoObject, ...]

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return Path(self.file).stem


@cache
def demo_photos() -> tuple[DemoPhoto, ...]:
    """Read the table: the photos in the order in which they are shown."""
    return tuple(
        DemoPhoto(
            row['file'],
            Aim(tuple(row['at']), row['pan'], tuple(row['zoom'])),
            tuple(PhotoObject(each['name'], *each['at']) for each in row['objects']),
        )
        for row in json.loads(TABLE.read_text())['photos']
    )
