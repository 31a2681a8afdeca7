"""What lies before the lens: a picture that is stretched over the whole sensor."""

from __future__ import annotations

import math
from typing import Protocol

import cv2
import numpy as np

from picosam_ros.errors import CameraError
from picosam_ros.frame import Frame, Pixels
from picosam_ros.roi import Roi
from picosam_ros.simulation.geometry import FULL
from picosam_ros.simulation.settings import SceneFunction, Settings

# How long a host camera may take for its first picture.
FIRST_PICTURE_S = 5.0


class Scene(Protocol):
    """A source of pictures, H×W×3 uint8 RGB of any size."""

    def open(self) -> None:
        """Get ready; a second call does nothing."""

    def picture(self, frame: int) -> Pixels:
        """What is seen when the sensor exposes this frame; must not be written to."""

    def close(self) -> None:
        """Release what it holds; a second call does nothing."""


class HostCamera(Protocol):
    """A camera of the package that a simulated sensor looks through."""

    name: str

    def open(self) -> None: ...

    def read(self, timeout: float) -> Frame | None: ...

    def close(self) -> None: ...


class FunctionScene:
    """Pictures by the number of the frame."""

    def __init__(self, function: SceneFunction) -> None:
        self.picture = function

    def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""


class CameraScene:
    """The newest picture of a host camera."""

    def __init__(self, camera: HostCamera) -> None:
        self._camera = camera
        self._picture: Pixels | None = None

    def open(self) -> None:
        self._camera.open()

    def picture(self, frame: int) -> Pixels:
        """Give the newest one; raises CameraError if the camera has none at all."""
        newer = self._camera.read(FIRST_PICTURE_S if self._picture is None else 0)
        if newer is not None:
            self._picture = newer.pixels
        if self._picture is None:
            raise CameraError(
                f'the camera {self._camera.name}, which drives the simulated sensor, gave no '
                f'picture within {FIRST_PICTURE_S:g} s; choose another one'
            )
        return self._picture

    def close(self) -> None:
        self._camera.close()
        self._picture = None


def make_scene(settings: Settings) -> Scene:
    """Make the scene that the settings describe, without opening it."""
    scene = settings.scene
    if hasattr(scene, 'read'):
        return CameraScene(scene)
    if callable(scene):
        return FunctionScene(scene)
    picture = np.asarray(scene, np.uint8)
    return FunctionScene(lambda _: picture)


def sample(picture: Pixels, region: Roi, width: int, height: int) -> Pixels:
    """Resample a region of the sensor to height × width × 3, by the affine of `Roi.affine_to`.

    Args:
        picture: of the scene; its edges are the sensor's.
        region: in pixels of the full sensor.
        width, height: of the result.

    """
    rows, columns = picture.shape[:2]
    to_picture = FULL.roi.affine_to(columns, rows)
    # Where pixels are left out, sample whole blocks of finer ones and average them.
    across = _blocks(region.width / width * to_picture.scale_x)
    down = _blocks(region.height / height * to_picture.scale_y)
    fine = cv2.warpAffine(
        picture,
        region.affine_to(width * across, height * down).inverse().then(to_picture).matrix,
        (width * across, height * down),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if (across, down) != (1, 1):
        fine = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(fine, np.uint8)


def _blocks(pixels: float) -> int:
    # A camera's grid is often the picture's to within the crop that the aspect ratio costs.
    return max(math.ceil(pixels - 0.05), 1)
