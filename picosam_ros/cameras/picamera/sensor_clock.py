"""The moment of capture, from what libcamera tells about a frame."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from picosam_ros.cameras.clock import stamp_of

# A frame that seems older, or not yet captured, has a timestamp of another clock.
MAX_AGE_NS = 10_000_000_000

DEFAULT_PERIOD_NS = 33_333_333


def captured_at(metadata: Mapping[str, Any]) -> int:
    """Give the moment at which a frame's exposure began, on the steady clock, in nanoseconds.

    `SensorTimestamp` is of CLOCK_MONOTONIC or CLOCK_BOOTTIME; they differ by the time for which
    the computer was suspended. Without one that makes sense it is now.
    """
    now_ns = time.monotonic_ns()
    sensor_ns = metadata.get('SensorTimestamp')
    if sensor_ns is None:
        return now_ns
    for clock_ns in (now_ns, time.clock_gettime_ns(time.CLOCK_BOOTTIME)):
        age_ns = clock_ns - int(sensor_ns)
        if 0 <= age_ns <= MAX_AGE_NS:
            return now_ns - age_ns
    return now_ns


def stamp_from(metadata: Mapping[str, Any], captured_ns: int) -> int:
    """Give a frame's stamp, nanoseconds since 1970: libcamera's own where it tells one.

    Args:
        metadata: of the frame.
        captured_ns: what `captured_at` gave for it.

    """
    wall_ns = metadata.get('FrameWallClock')
    return int(wall_ns) if wall_ns else stamp_of(captured_ns)


def period_of(metadata: Mapping[str, Any]) -> int:
    """Give the time between two frames in nanoseconds; that of 30 per second if nothing tells."""
    return int(metadata.get('FrameDuration') or 0) * 1000 or DEFAULT_PERIOD_NS
