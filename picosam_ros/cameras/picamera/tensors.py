"""From a frame's metadata to the network's output, or to the reason why there is none."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from picosam_ros.cameras.picamera.captured_frame import CapturedFrame, period_of
from picosam_ros.cameras.picamera.roi_history import RoiHistory, Unsettled
from picosam_ros.frame import Logits, SensorOutput
from picosam_ros.roi import Affine

# By how many frames a tensor can be late that comes after frames without one.
MAX_LATE = 4


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
