"""Images with labelled objects, as annotations describe them."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from picosam_ros.errors import DatasetError, ImageError
from picosam_ros.evaluation import coco_masks
from picosam_ros.frame import Pixels
from picosam_ros.wire.encoded_images import decode_image
from picosam_ros.wire.value_range import Scale


@dataclass(frozen=True)
class LabelledImage:
    """An image with labelled objects, as the annotations describe it.

    Attributes:
        names: possible paths in the folder of images, the likeliest first.
        width, height: in pixels.
        objects: offsets of its annotations in the file, begin and end alternating.

    """

    names: tuple[str, ...]
    width: int
    height: int
    objects: array[int] = field(default_factory=lambda: array('Q'), repr=False)

    def find(self, folder: Path) -> Path | None:
        """Return its file, if it is there."""
        paths = (folder / name for name in self.names)
        return next((path for path in paths if _is_file(path)), None)

    def read(self, path: Path, scale: Scale | None = None) -> Pixels:
        """Return H×W×3 uint8, R, G, B, as stored: annotations ignore EXIF orientations.

        `scale` takes 16 bits a value to 8; None takes the range that the image uses.

        Raises:
            DatasetError: not an image, or not of the size in the annotations.

        """
        try:
            rgb = decode_image(np.frombuffer(path.read_bytes(), np.uint8), scale, rotate=False)
        except (OSError, ImageError) as error:
            raise DatasetError(f'{path} cannot be read: {error}; copy it again') from error
        if rgb.shape[:2] != (self.height, self.width):
            raise DatasetError(
                f'{path} has {rgb.shape[1]}×{rgb.shape[0]} pixels, but its annotations are for '
                f'{self.width}×{self.height}; give the images that were labelled'
            )
        return rgb


@dataclass(frozen=True)
class LabelledObject:
    """One labelled object.

    Attributes:
        name: what errors call it: its id, or where it is in the file.
        image: the image that contains it.
        category: name of its category; empty if the file has only one.
        segmentation: polygons, or run lengths.
        area: stated area in pixels; None if the file states none.

    """

    name: str
    image: LabelledImage
    category: str
    segmentation: Sequence[Sequence[float]] | Mapping[str, Any]
    area: float | None

    def mask(self) -> Pixels:
        """Return uint8 [height, width], 1 on the object; all 0 if its outline contains no pixel.

        Raises:
            DatasetError: polygons or run lengths are damaged, or not of the image's size.

        """
        height, width = self.image.height, self.image.width
        if isinstance(self.segmentation, Mapping):
            # Before memory is taken for it.
            rows, columns = coco_masks.size_of(self.segmentation)
            if (rows, columns) != (height, width):
                raise DatasetError(
                    f'a mask of {columns}×{rows} pixels was given for an image of '
                    f'{width}×{height}: the annotations are damaged'
                )
            return coco_masks.decode_rle(self.segmentation)
        return coco_masks.fill_polygons(self.segmentation, height, width)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long, or has a NUL in it
        return False
