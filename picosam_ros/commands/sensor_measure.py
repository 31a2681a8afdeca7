"""The measurement behind `picosam sensor-check`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np

from picosam_ros.commands.sensor_probe import Probe, Reading
from picosam_ros.commands.settling import Bounds, Sighting, bounds, settle_frames
from picosam_ros.errors import CameraError
from picosam_ros.frame import Logits
from picosam_ros.latency import Percentiles
from picosam_ros.roi import Roi

# So many frames after a change of the ROI, it has settled.
WINDOW = 12

# An upload takes minutes at most; a frame comes within seconds.
START_S, FRAME_S = 300.0, 5.0

# Centres of the ROIs, as shares of the image, and their side, as a share of its height.
PLACES = ((0.25, 0.3), (0.75, 0.7), (0.75, 0.3), (0.25, 0.7), (0.5, 0.5))
SIDE = 0.45


@dataclass(frozen=True)
class SensorReport:
    """What was found; times in milliseconds, None where nothing told them.

    Attributes:
        frames: that were read.
        rate: frames per second, by the moments of their capture.
        tensor_share: of the frames, those with an output of the network.
        dnn_ms, dsp_ms: of the sensor's two processors.
        changes, clear_changes: of the ROI, and those that the outputs told something about.
        roi_settle_frames: what to set; None if no output told.
        refused_rois: by the driver.
        refusal: the last one, in a sentence.
        wall_clock: whether frames carry FrameWallClock.
        clock_offset_ms: FrameWallClock against SensorTimestamp on this computer's clock.
        age_ms: from the capture of a frame to its arrival.

    """

    frames: int
    rate: float
    tensor_share: float
    dnn_ms: Percentiles | None
    dsp_ms: Percentiles | None
    changes: int
    clear_changes: int
    roi_settle_frames: int | None
    refused_rois: int
    refusal: str
    wall_clock: bool
    clock_offset_ms: float | None
    age_ms: Percentiles


def measure(
    probe: Probe, *, changes: int, size: tuple[int, int], tell: Callable[[str], None]
) -> SensorReport:
    """Move the ROI about and watch; the camera is open.

    Args:
        probe: the camera.
        changes: of the ROI.
        size: width and height of the image.
        tell: takes what the camera does while it starts.

    Raises:
        CameraError: no frames come.

    """
    readings = [_first(probe, tell)]
    found: list[Bounds] = []
    refused, refusal = 0, ''
    places = cycle(_places(*size))
    for _ in range(changes):
        before = _last_output(readings)
        try:
            probe.look_at(next(places))
        except CameraError as error:
            refused, refusal, before = refused + 1, str(error), None
        window = list(_window(probe))
        readings += window
        bound = bounds(before, _sightings(window)) if before is not None else None
        if bound is not None:
            found.append(bound)
    offsets = [r.wall_offset_ms for r in readings if r.wall_offset_ms is not None]
    return SensorReport(
        frames=len(readings),
        rate=_rate(readings),
        tensor_share=sum(r.logits is not None for r in readings) / len(readings),
        dnn_ms=_percentiles([r.kpi[0] for r in readings if r.kpi]),
        dsp_ms=_percentiles([r.kpi[1] for r in readings if r.kpi]),
        changes=changes,
        clear_changes=len(found),
        roi_settle_frames=settle_frames(found),
        refused_rois=refused,
        refusal=refusal,
        wall_clock=bool(offsets),
        clock_offset_ms=float(np.median(offsets)) if offsets else None,
        age_ms=_percentiles([r.age_ms for r in readings]) or Percentiles(*3 * [math.nan]),
    )


def _first(probe: Probe, tell: Callable[[str], None]) -> Reading:
    deadline, told = time.monotonic() + START_S, ''
    while (reading := probe.reading(0.5)) is None:
        if time.monotonic() > deadline:
            raise CameraError(f'no frame came within {START_S:.0f} s: {probe.state}')
        if probe.state != told:
            told = probe.state
            tell(told)
    return reading


def _window(probe: Probe) -> Iterator[Reading]:
    """Read until WINDOW frames after the last change must have come."""
    for _ in range(3 * WINDOW):
        reading = probe.reading(FRAME_S)
        if reading is None:
            raise CameraError(f'no frame came within {FRAME_S:g} s: {probe.state}')
        yield reading
        if reading.count >= WINDOW:
            return


def _sightings(window: Sequence[Reading]) -> list[Sighting]:
    return [Sighting(r.count, r.logits) for r in window if r.count > 0 and r.logits is not None]


def _last_output(readings: Sequence[Reading]) -> Logits | None:
    return next((r.logits for r in reversed(readings) if r.logits is not None), None)


def _places(width: int, height: int) -> list[Roi]:
    side = round(SIDE * height)
    return [Roi.square(x * width, y * height, side) for x, y in PLACES]


def _rate(readings: Sequence[Reading]) -> float:
    passed_ns = readings[-1].captured_ns - readings[0].captured_ns
    return (len(readings) - 1) / passed_ns * 1e9 if passed_ns else math.nan


def _percentiles(values: Sequence[float]) -> Percentiles | None:
    return Percentiles(*map(float, np.percentile(values, (50, 95, 99)))) if values else None
