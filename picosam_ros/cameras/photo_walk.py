"""The path of a handheld camera past photos, as a pure function of the clock."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from picosam_ros.errors import CameraError, ImageError
from picosam_ros.frame import Pixels
from picosam_ros.roi import Affine, Roi
from picosam_ros.wire.encoded_images import decode_image

# Of the camera's image, in pixels.
WIDTH, HEIGHT = 640, 480

# How long each photo is shown.
DWELL_NS = 5_000_000_000

# The view's share of the largest 4:3 part of the photo.
ZOOM_MIN, ZOOM_MAX = 0.75, 0.95

# To each side of the view's home, as a share of the view: an object crosses some 10-15 % of it.
PAN = 0.07

# To each side, in pixels of the image.
SHAKE = 1.5

# Periods in seconds. No two have a simple ratio, so that no motion repeats within a visit.
ZOOM_PERIODS = (11.9, 7.3)
PAN_PERIODS = ((6.1, 3.7), (7.9, 4.7))
SHAKE_PERIODS = ((1 / 2.3, 1 / 3.7), (1 / 2.1, 1 / 3.4))

# Steps of the R2 sequence (Roberts 2018): points that fill a square evenly.
HOME_STEPS = (0.7548776662466927, 0.5698402909980532)


@dataclass(frozen=True)
class Aim:
    """Where the hand points the camera.

    Attributes:
        at: x and y of what the view pans about, in the photo's pixels; None is another place in
            each lap, so that all of a long photo is seen.
        pan: to each side, as a share of the view.
        zoom: the view's least and greatest share of the largest 4:3 part of the photo.

    """

    at: tuple[float, float] | None = None
    pan: float = PAN
    zoom: tuple[float, float] = (ZOOM_MIN, ZOOM_MAX)


ANYWHERE = Aim()


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo, decoded.

    Attributes:
        name: file name without its suffix.
        width, height: of the file, in pixels. All coordinates are in these.
        pixels: H×W×3 uint8 RGB, resampled from the file's size to one that suits the camera.
        aim: of the camera.

    """

    name: str
    width: int
    height: int
    pixels: Pixels
    aim: Aim = ANYWHERE

    @classmethod
    def read(cls, path: Path, aim: Aim = ANYWHERE) -> Photo:
        """Decode a file in any format of OpenCV's. Raises CameraError if that fails."""
        try:
            rgb = decode_image(np.frombuffer(path.read_bytes(), np.uint8))
        except (OSError, ImageError) as error:
            raise CameraError(
                f'{path} is not an image that OpenCV can decode ({error}); remove it from the '
                'folder, or save it as JPEG or PNG'
            ) from error
        height, width = rgb.shape[:2]
        # In the closest view its pixels are the image's: linear sampling is sharp enough from there
        # on, and does not alias.
        scale = WIDTH / aim.zoom[0] / _largest_width(width, height)
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        kept = np.asarray(cv2.resize(rgb, size, interpolation=how), np.uint8)
        return cls(path.stem, width, height, kept, aim)

    @property
    def to_pixels(self) -> Affine:
        """Coordinates of the file to columns and rows of `pixels`."""
        rows, columns = self.pixels.shape[:2]
        return Roi(0, 0, self.width, self.height).affine_to(columns, rows)


@dataclass(frozen=True)
class Viewpoint:
    """The part of a photo that the camera sees at one moment.

    Attributes:
        name: the photo's.
        index: of the photo within the walk.
        roi: the part of the photo, in the file's pixels; 4:3, and never over the border.

    """

    name: str
    index: int
    roi: Roi

    @property
    def affine(self) -> Affine:
        """The photo's pixels to pixels of the WIDTH × HEIGHT image."""
        return self.roi.affine_to(WIDTH, HEIGHT)


class PhotoWalk:
    """Shows photo after photo for DWELL_NS each, with slow pan, zoom and a little shake.

    Visits of photos are numbered from 1970 on. Two walks past the same photos agree on every stamp,
    in whatever process they are: so a test or a demo knows where an object of the photo is in the
    frame that carries a stamp, unless the camera stays longer at one.

    Args:
        photos: at least one.

    """

    def __init__(self, photos: Sequence[Photo]) -> None:
        self.photos = tuple(photos)

    def viewpoint(self, stamp_ns: int, visit: int | None = None) -> Viewpoint:
        """Return what is seen at a time in nanoseconds since 1970.

        Args:
            stamp_ns: the time.
            visit: the one that lasts then; None for the one of that time.

        """
        lap, index = divmod(visit_at(stamp_ns) if visit is None else visit, len(self.photos))
        photo = self.photos[index]
        return Viewpoint(photo.name, index, _roi(photo, stamp_ns / 1e9, lap))

    def render(self, view: Viewpoint) -> Pixels:
        """Sample HEIGHT × WIDTH × 3 uint8 RGB: a new array, the same for the same view."""
        photo = self.photos[view.index]
        image = cv2.warpAffine(
            photo.pixels,
            photo.to_pixels.inverse().then(view.affine).matrix,
            (WIDTH, HEIGHT),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(image, np.uint8)


def visit_at(stamp_ns: int) -> int:
    """Return the number of the visit at a time in nanoseconds since 1970."""
    return stamp_ns // DWELL_NS


def _roi(photo: Photo, seconds: float, lap: int) -> Roi:
    least, greatest = photo.aim.zoom
    zoom = (least + greatest) / 2 + (greatest - least) / 2 * _sway(seconds, ZOOM_PERIODS)
    width = zoom * _largest_width(photo.width, photo.height)
    height = width * HEIGHT / WIDTH
    x, y = (_start(photo, side, seconds, lap, axis) for axis, side in enumerate((width, height)))
    return Roi(x, y, width, height)


def _start(photo: Photo, side: float, seconds: float, lap: int, axis: int) -> float:
    """Return the first column (or row) of a view of `side` columns (rows)."""
    length = (photo.width, photo.height)[axis]
    shake = SHAKE * side / (WIDTH, HEIGHT)[axis]
    pan = min(photo.aim.pan * side, (length - side) / 2 - shake)
    room = length - side - 2 * (pan + shake)
    if photo.aim.at is None:
        home = lap * HOME_STEPS[axis] % 1 * room
    else:
        home = min(max(photo.aim.at[axis] - (length - room) / 2, 0), room)
    swing = pan * (1 + _sway(seconds, PAN_PERIODS[axis]))
    return home + swing + shake * (1 + _sway(seconds, SHAKE_PERIODS[axis]))


def _sway(seconds: float, periods: tuple[float, float]) -> float:
    """Return a smooth motion between -1 and 1."""
    slow, fast = (math.sin(2 * math.pi * seconds / period) for period in periods)
    return 0.6 * slow + 0.4 * fast


def _largest_width(width: int, height: int) -> float:
    return min(width, height * WIDTH / HEIGHT)
