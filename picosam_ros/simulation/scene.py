"""What the lens shows the sensor: an image that is stretched over all of it."""

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

# How long a host camera may take for its first image.
FIRST_IMAGE_S = 5.0


class SceneSource(Protocol):
    """A source of images, H×W×3 uint8 RGB of any size."""

    def open(self) -> None:
        """Get ready; a second call does nothing."""

    def image(self, frame: int) -> Pixels:
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
    """Images by the number of the frame."""

    def __init__(self, function: SceneFunction) -> None:
        self.image = function

    def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""


class CameraScene:
    """The newest image of a host camera."""

    def __init__(self, camera: HostCamera) -> None:
        self._camera = camera
        self._image: Pixels | None = None

    def open(self) -> None:
        self._camera.open()

    def image(self, frame: int) -> Pixels:
        """Return the newest one; raises CameraError if the camera has none at all."""
        newer = self._camera.read(FIRST_IMAGE_S if self._image is None else 0)
        if newer is not None:
            self._image = newer.pixels
        if self._image is None:
            raise CameraError(
                f'the camera {self._camera.name}, which the simulated sensor looks through, has no '
                f'image within {FIRST_IMAGE_S:g} s; choose another one'
            )
        return self._image

    def close(self) -> None:
        self._camera.close()
        self._image = None


def make_scene(settings: Settings) -> SceneSource:
    """Make the scene that the settings describe, without opening it."""
    scene = settings.scene
    if hasattr(scene, 'read'):
        return CameraScene(scene)
    if callable(scene):
        return FunctionScene(scene)
    image = np.asarray(scene, np.uint8)
    return FunctionScene(lambda _: image)


def sample(image: Pixels, region: Roi, width: int, height: int) -> Pixels:
    """Resample a region of the sensor to height × width × 3, by the affine of `Roi.affine_to`.

    Args:
        image: of the scene; its edges are the sensor's.
        region: in pixels of the full sensor.
        width, height: of the result.

    """
    rows, columns = image.shape[:2]
    to_image = FULL.roi.affine_to(columns, rows)
    # Where pixels are left out, sample whole blocks of finer ones and average them.
    across = _blocks(region.width / width * to_image.scale_x)
    down = _blocks(region.height / height * to_image.scale_y)
    fine = cv2.warpAffine(
        image,
        region.affine_to(width * across, height * down).inverse().then(to_image).matrix,
        (width * across, height * down),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if (across, down) != (1, 1):
        fine = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(fine, np.uint8)


def _blocks(pixels: float) -> int:
    # A camera's grid is often the image's to within the crop that the aspect ratio costs.
    return max(math.ceil(pixels - 0.05), 1)
