"""The measurement behind `picosam sensor-check`: an IMX500 whose frames are laid open."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from picosam_ros.cameras import make_camera
from picosam_ros.cameras.base import stamp_of
from picosam_ros.cameras.photos import open_photos
from picosam_ros.cameras.picamera.captured_frame import CapturedFrame, exposure_ns, period_of
from picosam_ros.cameras.picamera.imx500 import Imx500Camera
from picosam_ros.cameras.picamera.tensors import TensorReader, plane_of
from picosam_ros.cameras.process.camera import START_S, Imx500Process
from picosam_ros.commands.roi_settling import MIN_OUTPUTS, Bounds, bounds, settle_frames
from picosam_ros.errors import CameraError
from picosam_ros.frame import Frame, Logits, Pixels
from picosam_ros.latency import Percentiles
from picosam_ros.roi import Roi

# Frames after a change of the ROI by which it has settled.
WINDOW = 12

FRAME_S = 5.0

# Centres of the ROIs, as shares of the image, and their side, as a share of its height.
PLACES = ((0.25, 0.3), (0.75, 0.7), (0.75, 0.3), (0.25, 0.7), (0.5, 0.5))
SIDE = 0.45


@dataclass(frozen=True)
class SensorReport:
    """Results of the measurement; times in milliseconds, None where the sensor reports none.

    Attributes:
        frames: number of frames that were read.
        rate: frames per second, by their capture times.
        tensor_share: share of the frames that have an output of the network.
        dnn_ms, dsp_ms: times of the sensor's two processors.
        changes, clear_changes: changes of the ROI, and those that show in the outputs.
        roi_settle_frames: the value to set; None if no change shows in the outputs.
        refused_rois: ROIs that the driver refused.
        refusal: the last error text.
        wall_clock: whether frames carry FrameWallClock.
        clock_offset_ms: FrameWallClock minus SensorTimestamp, on this computer's clock.
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


@dataclass(frozen=True, eq=False)
class Reading:
    """Measurements of one frame, whether its ROI has settled or not.

    Attributes:
        count: frames from the last change of the ROI, as RoiHistory counts them: 1 is the first
            one that was captured after it.
        captured_ns: on the steady clock.
        logits: of the network; None where no tensor came.
        kpi: milliseconds of DNN and DSP, where reported.
        wall_offset_ms: FrameWallClock minus SensorTimestamp on this computer's clock, if known.
        age_ms: from capture to arrival in this process.

    """

    count: int
    captured_ns: int
    logits: Logits | None
    kpi: tuple[float, float] | None
    wall_offset_ms: float | None
    age_ms: float = math.nan


@dataclass(frozen=True, eq=False, repr=False)
class ProbedFrame(Frame):
    """A frame with its measurements."""

    reading: Reading | None = None


class Probe(Imx500Camera):
    """An IMX500 camera that also measures the frames which have no output of a known ROI.

    A simulated one sees a scene that keeps still: the first image of a video or of a folder, or a
    photo of scikit-image.
    """

    @staticmethod
    def simulation_settings(source: str, speed: float) -> dict[str, Any]:
        return {'scene': _first_image(source)}

    def _frame(self, captured: CapturedFrame, **inferred: Any) -> ProbedFrame:
        frame = super()._frame(captured, **inferred)
        values = {field.name: getattr(frame, field.name) for field in fields(frame)}
        return ProbedFrame(**values, reading=self._reading(captured))

    def _check_network(self, tensors: TensorReader) -> None:
        """Measure a sensor without its network, too."""

    def _reading(self, captured: CapturedFrame) -> Reading:
        imx500, metadata, newest = self._imx500, captured.metadata, self._history.newest
        outputs = imx500.get_outputs(metadata)
        wall_ns = metadata.get('FrameWallClock')
        stamp_ns = stamp_of(captured.captured_ns) + exposure_ns(metadata)
        passed_ns = captured.captured_ns - (newest.placed_ns if newest else 0)
        return Reading(
            passed_ns // period_of(metadata) + 1,
            captured.captured_ns,
            plane_of(outputs) if outputs else None,
            imx500.get_kpi_info(metadata),
            (wall_ns - stamp_ns) / 1e6 if wall_ns else None,
        )


class ProbeProcess(Imx500Process):
    """A Probe in a child process."""

    kind = Probe


ProbedCamera = Probe | ProbeProcess


def _first_image(source: str) -> Pixels:
    if not Path(source).is_file():
        walk = open_photos(source)
        return walk.render(walk.viewpoint(0))
    video = make_camera('video', source=source)
    video.open()
    try:
        frame = video.read(FRAME_S)
    finally:
        video.close()
    if frame is None:
        raise CameraError(f'{source} gave no image within {FRAME_S:g} s; choose another video')
    return frame.pixels


def measure(
    camera: ProbedCamera,
    *,
    changes: int,
    size: tuple[int, int],
    report_state: Callable[[str], None],
) -> SensorReport:
    """Change the ROI of an open camera again and again, and measure its frames.

    Args:
        camera: opened; its frames are ProbedFrames.
        changes: number of changes of the ROI.
        size: width and height of the image.
        report_state: called with the state of the camera while it starts.

    Raises:
        CameraError: the camera sends no frames.

    """
    readings = [_first(camera, report_state)]
    found: list[Bounds] = []
    refused, refusal = 0, ''
    places = cycle(_places(*size))
    for _ in range(changes):
        before = _last_output(readings)
        try:
            camera.look_at(next(places))
        except CameraError as error:
            refused, refusal, before = refused + 1, str(error), None
        window = list(_window(camera))
        readings += window
        bound = bounds(before, _outputs(window)) if before is not None else None
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


def _read(camera: ProbedCamera, timeout: float) -> Reading | None:
    frame = camera.read(timeout)
    if not isinstance(frame, ProbedFrame) or frame.reading is None:
        return None
    return replace(frame.reading, age_ms=(frame.received_ns - frame.stamp_ns) / 1e6)


def _first(camera: ProbedCamera, report_state: Callable[[str], None]) -> Reading:
    deadline, shown = time.monotonic() + START_S + FRAME_S, ''
    while (reading := _read(camera, 0.5)) is None:
        if time.monotonic() > deadline:
            raise CameraError(f'the camera sent no frame within {START_S:.0f} s: {camera.state}')
        if camera.state != shown:
            shown = camera.state
            report_state(shown)
    return reading


def _window(camera: ProbedCamera) -> Iterator[Reading]:
    """Read until WINDOW frames after the last change must have come, and enough outputs.

    Where none came until then, no more are waited for: the network does not run.
    """
    outputs = 0
    for _ in range(3 * WINDOW):
        reading = _read(camera, FRAME_S)
        if reading is None:
            raise CameraError(f'the camera sent no frame within {FRAME_S:g} s: {camera.state}')
        yield reading
        outputs += reading.count > 0 and reading.logits is not None
        if reading.count >= WINDOW and (outputs >= MIN_OUTPUTS or not outputs):
            return


def _outputs(window: Sequence[Reading]) -> list[tuple[int, Logits]]:
    return [(r.count, r.logits) for r in window if r.count > 0 and r.logits is not None]


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
