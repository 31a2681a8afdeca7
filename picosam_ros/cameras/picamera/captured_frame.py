"""A frame as libcamera completes it: its pixels as R, G, B, and its moment of capture.

The names of libcamera's pixel formats list the bits of a little-endian word from the high end, so
in memory the bytes stand the other way round: 'RGB888' is B, G, R (picamera2#848, the manual's
appendix A).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from picosam_ros.cameras.base import stamp_of
from picosam_ros.errors import CameraError
from picosam_ros.frame import Pixels

# In memory R, G, B: nothing to convert.
PREFERRED = 'BGR888'

# A frame that seems older, or not yet captured, has a timestamp of another clock.
MAX_AGE_NS = 10_000_000_000

DEFAULT_PERIOD_NS = 33_333_333


@dataclass(frozen=True, eq=False)
class CapturedFrame:
    """An image and what libcamera reports with it.

    Attributes:
        pixels: H×W×3 uint8 R, G, B; a copy of the camera's buffer.
        metadata: as `CompletedRequest.get_metadata` returns it.
        captured_ns: the moment of capture on the steady clock.

    """

    pixels: Pixels
    metadata: Mapping[str, Any]
    captured_ns: int

    @classmethod
    def of(cls, request: Any, pixel_format: str) -> CapturedFrame:
        """Read a completed request, which must be held, and release it."""
        try:
            metadata = request.get_metadata()
            pixels = to_rgb(request.make_array('main'), pixel_format)
        finally:
            request.release()
        return cls(pixels, metadata, captured_at(metadata))


def _as_it_is(array: Pixels) -> Pixels:
    return array


def _first_three(array: Pixels) -> Pixels:
    return np.ascontiguousarray(array[..., :3])


def _reversed(array: Pixels) -> Pixels:
    return np.ascontiguousarray(array[..., 2::-1])


FORMATS: dict[str, Callable[[Pixels], Pixels]] = {
    'BGR888': _as_it_is,
    'RGB888': _reversed,
    'XBGR8888': _first_three,
    'XRGB8888': _reversed,
}


def to_rgb(array: npt.NDArray[np.uint8], pixel_format: str) -> Pixels:
    """Return H×W×3 uint8 R, G, B.

    Args:
        array: H×W×C uint8, as the camera's memory has it.
        pixel_format: one of FORMATS.

    Raises:
        CameraError: the format is unknown.

    """
    if pixel_format not in FORMATS:
        raise CameraError(
            f'the camera delivers pixels as {pixel_format!r}; known are {", ".join(FORMATS)}'
        )
    return FORMATS[pixel_format](array)


def captured_at(metadata: Mapping[str, Any]) -> int:
    """Return the moment at which a frame's exposure began, on the steady clock, in nanoseconds.

    `SensorTimestamp` is of CLOCK_MONOTONIC or CLOCK_BOOTTIME; they differ by the time for which
    the computer was suspended. Without a plausible one it is now.

    It is the time at which the receiver saw the frame start, so the exposure of the first row had
    just ended: picamera2's `flush` reckons so, too. libcamera's documentation names the time of
    the exposure, and not which end of it. This function and `stamp_from` are the only places that
    depend on it.
    """
    now_ns = time.monotonic_ns()
    sensor_ns = metadata.get('SensorTimestamp')
    if sensor_ns is None:
        return now_ns
    for clock_ns in (now_ns, time.clock_gettime_ns(time.CLOCK_BOOTTIME)):
        age_ns = clock_ns - int(sensor_ns)
        if 0 <= age_ns <= MAX_AGE_NS:
            return now_ns - age_ns - exposure_ns(metadata)
    return now_ns


def stamp_from(metadata: Mapping[str, Any], captured_ns: int) -> int:
    """Return a frame's stamp, the start of its exposure in nanoseconds since 1970.

    Args:
        metadata: of the frame. Its FrameWallClock is the SensorTimestamp on the wall clock.
        captured_ns: what `captured_at` returned for it.

    """
    wall_ns = metadata.get('FrameWallClock')
    return int(wall_ns) - exposure_ns(metadata) if wall_ns else stamp_of(captured_ns)


def exposure_ns(metadata: Mapping[str, Any]) -> int:
    """Return the exposure time of a frame; 0 if unknown."""
    return int(metadata.get('ExposureTime') or 0) * 1000


def period_of(metadata: Mapping[str, Any]) -> int:
    """Return the time between two frames in nanoseconds; that of 30 per second if unknown."""
    return int(metadata.get('FrameDuration') or 0) * 1000 or DEFAULT_PERIOD_NS
