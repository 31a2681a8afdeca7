"""From a frame's metadata to the network's output, or to the reason why there is none.

Which ROI a tensor was computed with, the driver does not report: the ROI is written to the sensor
directly, past libcamera's delayed controls, and is not echoed in a frame's metadata. What is known
is when it was written and when each frame was captured, so `RoiHistory` keeps that.
"""

from __future__ import annotations

import math
import threading
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from picosam_ros.cameras.picamera.captured_frame import CapturedFrame, period_of
from picosam_ros.frame import Logits, SensorOutput
from picosam_ros.roi import Affine, Roi

# By how many frames a tensor can be late that comes after frames without one.
MAX_LATE = 4

# Placements that are kept: frames in flight belong to no earlier one.
HISTORY_LENGTH = 16


class TensorReader:
    """Reads the tensors of one stream.

    A network that takes longer than a frame leaves frames without a tensor; the one that comes
    then was computed for an earlier frame (libcamera's cam_helper_imx500.cpp). Nothing in the
    metadata says for which one, so it counts only if that makes no difference to the ROI.

    Args:
        imx500: decodes the metadata.
        history: of the ROI.
        without: counts the frames without an output, by kind of reason.

    """

    def __init__(self, imx500: Any, history: RoiHistory, without: Counter[str]) -> None:
        self._imx500 = imx500
        self._history = history
        self._without = without
        self._missing = 0

    def read(self, captured: CapturedFrame, to_image: Affine) -> SensorOutput | str:
        """Return what the sensor computed for a frame, or why there is nothing.

        Args:
            captured: the frame.
            to_image: from the sensor's pixels to the image's.

        """
        outputs = self._imx500.get_outputs(captured.metadata)
        if not outputs:
            self._missing += 1
            return self._nothing('no tensor', 'no tensor came with this frame')
        missed, self._missing = min(self._missing, MAX_LATE), 0
        period_ns = period_of(captured.metadata)
        placement = self._history.of(captured.captured_ns, period_ns)
        if isinstance(placement, Unsettled):
            return self._nothing('ROI not settled', placement.reason)
        if self._history.of(captured.captured_ns - missed * period_ns, period_ns) != placement:
            why = f'late tensor: up to {missed} frames, and the ROI was another one then'
            return self._nothing('late tensor', why)
        logits = plane_of(outputs)
        if logits is None:
            shapes = ', '.join(str(output.shape) for output in outputs)
            why = f'the network returns tensors of {shapes}; a mask is a single one of 1×H×W'
            return self._nothing('not a mask', why)
        dnn_ms, dsp_ms = self._imx500.get_kpi_info(captured.metadata) or (math.nan, math.nan)
        roi = placement.roi.through(to_image)
        return SensorOutput(logits, roi, placement.ticket, float(dnn_ms), float(dsp_ms))

    def _nothing(self, kind: str, reason: str) -> str:
        self._without[kind] += 1
        return reason


def plane_of(outputs: Sequence[Any]) -> Logits | None:
    """Return the mask's logits: h×w float32, C-contiguous; None if the network makes no mask.

    picamera2 returns a tensor in the network's own order of axes, which is Fortran's in memory.
    """
    tensor = np.squeeze(outputs[0]) if len(outputs) == 1 else np.empty(0)
    return np.ascontiguousarray(tensor, np.float32) if tensor.ndim == 2 else None


@dataclass(frozen=True)
class Placement:
    """An ROI that was written to the sensor.

    Attributes:
        roi: whole pixels of the sensor.
        ticket: counts the calls.
        placed_ns: moment of the call on the steady clock.

    """

    roi: Roi
    ticket: int
    placed_ns: int


@dataclass(frozen=True)
class Unsettled:
    """The ROI of a frame is not known."""

    reason: str


class RoiHistory:
    """The last placements. Safe to use from several threads.

    Args:
        settle_frames: so many frames that were captured after a placement, and the one that was
            being captured during it, may have been computed with either ROI.

    """

    def __init__(self, settle_frames: int) -> None:
        self._settle_frames = settle_frames
        self._placements: deque[Placement] = deque(maxlen=HISTORY_LENGTH)
        self._lock = threading.Lock()

    def add(self, placement: Placement) -> None:
        """Remember one that has just been written to the sensor."""
        with self._lock:
            self._placements.append(placement)

    def restart(self, placement: Placement | None) -> None:
        """Forget all but one, with which a new stream begins."""
        with self._lock:
            self._placements.clear()
            if placement is not None:
                self._placements.append(placement)

    @property
    def newest(self) -> Placement | None:
        """The last one; None before the first."""
        with self._lock:
            return self._placements[-1] if self._placements else None

    def of(self, captured_ns: int, period_ns: int) -> Placement | Unsettled:
        """Return the placement with which a frame was computed.

        Args:
            captured_ns: moment at which the frame's exposure began, on the steady clock. What
                counts is this, not when the frame is delivered.
            period_ns: between two frames.

        """
        with self._lock:
            placements = tuple(self._placements)
        for placement in reversed(placements):
            # 0 for the frame whose capture the placement fell into, 1 for the one after it.
            count = (captured_ns - placement.placed_ns) // period_ns + 1
            if count > self._settle_frames:
                return placement
            if count >= 0:
                return Unsettled(
                    f'the ROI was placed {count} frames ago, {self._settle_frames} are needed '
                    'to settle'
                )
        return Unsettled('no ROI had been placed when this frame was captured')
