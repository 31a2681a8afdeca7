"""From a frame's metadata to the network's output, or to the reason why there is none.

Which ROI a tensor was computed with, the driver does not report: the ROI is written to the sensor
directly, past libcamera's delayed controls, and is not echoed in a frame's metadata. What is known
is when it was written and when each frame was captured, so `RoiHistory` keeps that.
"""

from __future__ import annotations

import math
import threading
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from picosam_ros.cameras.picamera.captured_frame import CapturedFrame, period_of
from picosam_ros.frame import Logits, SensorOutput
from picosam_ros.roi import Affine, Roi

# By how many frames a tensor can be late that comes after frames without one.
MAX_LATE = 4

# libcamera's CnnOutputTensorInfo: a name of 64 bytes, the number of tensors, 16 descriptions of 40
# bytes, and the count of frames, which older versions do not have.
COUNT_AT = 64 + 4 + 16 * 40
INFO_LENGTH = COUNT_AT + 4
COUNTS = 256

UNREADABLE = (
    'picamera2 could not read the tensor ({}): picamera2 and libcamera are of versions that do not '
    'go together; `sudo apt full-upgrade`, then `picosam doctor`'
)

# Placements that are kept: frames in flight belong to no earlier one.
HISTORY_LENGTH = 16


class TensorReader:
    """Reads the tensors of one stream.

    A network that takes longer than a frame leaves frames without a tensor; the one that comes
    then was computed for an earlier frame (libcamera's cam_helper_imx500.cpp). For which one, only
    bounds are known: the frames without a tensor before it, and by how much the sensor's count is
    behind (FrameCounter). So it counts only if that makes no difference to the ROI.

    Args:
        imx500: decodes the metadata.
        history: of the ROI.
        without: counts the frames without an output, by kind of reason.

    Attributes:
        silent: frames since the last one with a tensor.

    """

    def __init__(self, imx500: Any, history: RoiHistory, without: Counter[str]) -> None:
        self.silent = 0
        self._imx500 = imx500
        self._history = history
        self._without = without
        self._counter = FrameCounter()

    def read(self, captured: CapturedFrame, to_image: Affine) -> SensorOutput | str:
        """Return what the sensor computed for a frame, or why there is nothing.

        Args:
            captured: the frame.
            to_image: from the sensor's pixels to the image's.

        """
        period_ns = period_of(captured.metadata)
        behind = self._counter.behind(captured, period_ns)
        try:
            outputs = self._imx500.get_outputs(captured.metadata)
        except Exception as error:  # noqa: BLE001 - told with each frame; the image is good
            self.silent = 0
            return self._nothing('unreadable tensor', UNREADABLE.format(error))
        if not outputs:
            self.silent += 1
            return self._nothing('no tensor', 'no tensor came with this frame')
        late, self.silent = max(behind, min(self.silent, MAX_LATE)), 0
        placement = self._history.of(captured.captured_ns, period_ns)
        if isinstance(placement, Unsettled):
            return self._nothing('ROI not settled', placement.reason)
        if self._history.of(captured.captured_ns - late * period_ns, period_ns) != placement:
            why = f'late tensor: up to {late} frames, and the ROI was another one then'
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


class FrameCounter:
    """By how many frames the sensor's own count of frames is behind the images of a stream.

    The sensor counts its frames modulo 256, and a tensor carries a count (`frameCount` of
    libcamera's CnnOutputTensorInfo, since picamera2 0.3.32). Images carry none, so the frames
    between them are reckoned from their times, and the tensor that is least behind so far is taken
    to be in time. Whether a late tensor carries the count of its own frame or that of the image it
    comes with, no public source says: so a count can tell that a tensor is late, and never that it
    is not.
    """

    def __init__(self) -> None:
        self._frames = 0
        self._captured_ns = 0
        # What the sensor's count is ahead of ours, for a tensor in time.
        self._ahead: int | None = None

    def behind(self, captured: CapturedFrame, period_ns: int) -> int:
        """Return the frames by which a frame's tensor is behind; 0 where nothing tells.

        To be called with each frame of the stream.
        """
        if self._captured_ns:
            self._frames += round((captured.captured_ns - self._captured_ns) / period_ns)
        self._captured_ns = captured.captured_ns
        count = frame_count(captured.metadata)
        if count is None:
            return 0
        ahead, known = count - self._frames, self._ahead
        behind = 0 if known is None else (known - ahead) % COUNTS
        if known is None or behind > MAX_LATE:
            # Ahead of all so far; or the sensor began to count anew.
            self._ahead, behind = ahead, 0
        return behind


def frame_count(metadata: Mapping[str, Any]) -> int | None:
    """Return the sensor's count of frames that came with a frame's tensor, 0 to 255.

    None without a tensor, or from a libcamera that does not export it.
    """
    info = metadata.get('CnnOutputTensorInfo')
    return int(info[COUNT_AT]) if info and len(info) == INFO_LENGTH else None


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
