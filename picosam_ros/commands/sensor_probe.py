"""An IMX500 whose frames are laid open, for `picosam sensor-check`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from picosam_ros.cameras.clock import stamp_of
from picosam_ros.cameras.picamera.captured_frame import CapturedFrame, period_of
from picosam_ros.cameras.picamera.imx500 import Imx500Camera
from picosam_ros.cameras.picamera.tensors import plane_of
from picosam_ros.frame import Frame, Logits


@dataclass(frozen=True, eq=False)
class Reading:
    """A frame, whether its ROI has settled or not.

    Attributes:
        count: frames from the last change of the ROI, as RoiHistory counts them: 1 is the first
            one that was captured after it.
        captured_ns: on the steady clock.
        logits: of the network; None where no tensor came.
        kpi: milliseconds of DNN and DSP, where told.
        wall_offset_ms: FrameWallClock against SensorTimestamp on this computer's clock, where told.
        age_ms: from capture to arrival.

    """

    count: int
    captured_ns: int
    logits: Logits | None
    kpi: tuple[float, float] | None
    wall_offset_ms: float | None
    age_ms: float


class Probe(Imx500Camera):
    """The camera; `reading` takes the place of `read`."""

    def __init__(self, **camera: Any) -> None:
        super().__init__(**camera)
        self._captured: CapturedFrame | None = None

    def reading(self, timeout: float) -> Reading | None:
        """Wait for a frame; None while it starts. Raises CameraError if it stops."""
        frame = self.read(timeout)
        captured = self._captured
        if frame is None or captured is None:
            return None
        imx500, metadata, newest = self._imx500, captured.metadata, self._history.newest
        outputs = imx500.get_outputs(metadata)
        wall_ns = metadata.get('FrameWallClock')
        passed_ns = captured.captured_ns - (newest.placed_ns if newest else 0)
        return Reading(
            passed_ns // period_of(metadata) + 1,
            captured.captured_ns,
            plane_of(outputs) if outputs else None,
            imx500.get_kpi_info(metadata),
            (wall_ns - stamp_of(captured.captured_ns)) / 1e6 if wall_ns else None,
            (frame.received_ns - frame.stamp_ns) / 1e6,
        )

    def _frame(self, captured: CapturedFrame, **inferred: Any) -> Frame:
        self._captured = captured
        return super()._frame(captured, **inferred)
