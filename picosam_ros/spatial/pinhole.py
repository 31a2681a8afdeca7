"""A calibrated camera: which ray a pixel sees, and which pixel sees a point.

Pixels: the origin is the centre of the top-left pixel, x to the right, y down. Points are metres in
the optical frame (REP-103: z forward, x right, y down).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.errors import CalibrationError

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

# Until a pixel's ray moves by less than this, of the focal length: far below what can be measured.
_PRECISION = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 50, 1e-10)


def _undistorted(pixels: Doubles, k: Doubles, d: Doubles) -> Any:
    return cv2.undistortPointsIter(pixels, k, d, np.eye(3), np.eye(3), _PRECISION)


def _fisheye_undistorted(pixels: Doubles, k: Doubles, d: Doubles) -> Any:
    return cv2.fisheye.undistortPoints(pixels, k, d)


def _projected(points: Doubles, k: Doubles, d: Doubles) -> Any:
    return cv2.projectPoints(points, np.zeros(3), np.zeros(3), k, d)[0]


def _fisheye_projected(points: Doubles, k: Doubles, d: Doubles) -> Any:
    return cv2.fisheye.projectPoints(points.reshape(-1, 1, 3), np.zeros(3), np.zeros(3), k, d)[0]


@dataclass(frozen=True)
class _Lens:
    """How one of sensor_msgs/distortion_models.hpp bends, and how many numbers it takes."""

    counts: tuple[int, ...]
    undistort: Callable[[Doubles, Doubles, Doubles], Any]
    project: Callable[[Doubles, Doubles, Doubles], Any]


LENSES = {
    'plumb_bob': _Lens((4, 5), _undistorted, _projected),
    'rational_polynomial': _Lens((8, 12, 14), _undistorted, _projected),
    'equidistant': _Lens((4,), _fisheye_undistorted, _fisheye_projected),
}
DEFAULT_LENS = 'plumb_bob'  # where a message names none


def check_finite(**numbers: Iterable[float]) -> None:
    """Raise CalibrationError where one of the named lists holds NaN or an infinity."""
    for name, values in numbers.items():
        given = list(map(float, values))
        if not all(map(math.isfinite, given)):
            raise CalibrationError(
                f'{name} has a number that is not finite: {given}; calibrate the camera again'
            )


def check_distortion(model: str, d: Sequence[float]) -> None:
    """Check that a lens model is known and takes so many coefficients.

    Args:
        model: of sensor_msgs/CameraInfo; empty stands for plumb_bob.
        d: its coefficients.

    Raises:
        CalibrationError: an unknown model, another number of coefficients, or one that is not
            finite.

    """
    check_finite(**{'D (distortion coefficients)': d})
    lens = LENSES.get(model or DEFAULT_LENS)
    if lens is None:
        raise CalibrationError(
            f'distortion model {model!r} was given; known are {", ".join(LENSES)}; '
            'rectify the image (image_proc) and set `rectified`'
        )
    if len(d) not in lens.counts:
        allowed = ' or '.join(map(str, lens.counts))
        raise CalibrationError(
            f'{len(d)} distortion coefficients were given; '
            f'{model or DEFAULT_LENS!r} takes {allowed}'
        )


@dataclass(frozen=True)
class Pinhole:
    """A camera by its calibration.

    Attributes:
        width, height: of its images, in pixels.
        fx, fy: focal lengths, in pixels.
        cx, cy: where the optical axis meets the image, in pixels.
        lens: a key of LENSES; empty for an image without distortion.
        distortion: the numbers that the lens takes.

    Raises:
        CalibrationError: not a camera: zeros as uncalibrated drivers send them, or a lens that
            nobody here knows.

    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    lens: str = ''
    distortion: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not (self.width > 0 and self.height > 0):
            raise CalibrationError(
                f'a camera of {self.width}×{self.height} pixels was given; both must be above 0'
            )
        if not (0 < self.fx < np.inf and 0 < self.fy < np.inf and np.isfinite(self.cx + self.cy)):
            raise CalibrationError(
                f'focal lengths {self.fx:g} and {self.fy:g} were given; both must be above 0: '
                'the camera is not calibrated; calibrate it (camera_calibration), or give its '
                'driver the file with the calibration'
            )
        if self.lens:
            check_distortion(self.lens, self.distortion)

    @classmethod
    def from_calibration(
        cls, size: tuple[int, int], k: Sequence[float], model: str = '', d: Sequence[float] = ()
    ) -> Pinhole:
        """Read what a sensor_msgs/CameraInfo holds: width and height, k (nine numbers), model, d.

        Coefficients that are all zero are no distortion, whatever the model's name.

        Raises:
            CalibrationError: see the class.

        """
        distortion = tuple(map(float, d)) if any(d) else ()
        lens = (model or DEFAULT_LENS) if distortion else ''
        fx, _, cx, _, fy, cy, *_ = map(float, k)
        return cls(*size, fx, fy, cx, cy, lens, distortion)

    @cached_property
    def rays(self) -> Floats:
        """2×height×width: x and y of what each pixel sees at z = 1.

        Not finite where the calibration has no answer.
        """
        pixels = np.stack(np.meshgrid(np.arange(self.width), np.arange(self.height)), axis=-1)
        seen = self.directions(pixels.reshape(-1, 2)).reshape(self.height, self.width, 2)
        with np.errstate(over='ignore'):
            return np.ascontiguousarray(np.moveaxis(seen, -1, 0), np.float32)

    def directions(self, pixels: npt.ArrayLike) -> Doubles:
        """Tell what pixels see at z = 1: N×2 pixels, fractions allowed, to N×2 metres."""
        given = np.asarray(pixels, np.float64).reshape(-1, 2)
        if not self.lens:
            return (given - (self.cx, self.cy)) / (self.fx, self.fy)
        straight = LENSES[self.lens].undistort(given.reshape(-1, 1, 2), self._k, self._d)
        return np.asarray(straight, np.float64).reshape(-1, 2)

    def project(self, points: npt.ArrayLike) -> Doubles:
        """Tell where points are seen: N×3 metres to N×2 pixels, NaN for what is not in view.

        A pixel may lie outside of the image; see `sees`.
        """
        given = np.asarray(points, np.float64).reshape(-1, 3)
        ahead = given[:, 2] > 0
        pixels = np.full((len(given), 2), np.nan)
        if not ahead.any():
            return pixels
        direction = given[ahead, :2] / given[ahead, 2:]
        if self.lens:
            bent = LENSES[self.lens].project(given[ahead], self._k, self._d)
            pixels[ahead] = np.where(self._in_view(direction), np.reshape(bent, (-1, 2)), np.nan)
        else:
            pixels[ahead] = direction * (self.fx, self.fy) + (self.cx, self.cy)
        return pixels

    def _in_view(self, direction: Doubles) -> npt.NDArray[np.bool_]:
        """Whether a lens model holds there: far outside of the image it may fold back into it."""
        low, high = (end(self.rays, axis=(1, 2)) for end in (np.min, np.max))
        margin = 0.1 * (high - low)
        return ((direction >= low - margin) & (direction <= high + margin)).all(
            axis=1, keepdims=True
        )

    def sees(self, pixels: Doubles) -> npt.NDArray[np.bool_]:
        """Whether each of N×2 pixels lies on the image; NaN does not."""
        x, y = pixels[:, 0], pixels[:, 1]
        return (x >= -0.5) & (x < self.width - 0.5) & (y >= -0.5) & (y < self.height - 0.5)

    @property
    def _k(self) -> Doubles:
        return np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1]])

    @property
    def _d(self) -> Doubles:
        return np.array(self.distortion)
