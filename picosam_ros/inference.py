"""What the sensor itself computed for a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from picosam_ros.mask import Logits
from picosam_ros.roi import Roi


@dataclass(frozen=True, eq=False)
class Inference:
    """The network's output that came with a frame.

    Attributes:
        logits: h×w float32, C-contiguous; above 0 is the object.
        roi: the rectangle of the image that the network saw, as exactly as the sensor's pixels
            tell: it may have fractions.
        ticket: which call of `look_at` this answers.
        dnn_ms, dsp_ms: time that the sensor's two processors took.

    """

    logits: Logits
    roi: Roi
    ticket: int
    dnn_ms: float
    dsp_ms: float


@runtime_checkable
class RoiPlacer(Protocol):
    """A camera whose sensor looks where it is told."""

    def look_at(self, roi: Roi) -> int:
        """Place the ROI, given in image pixels, and return the ticket of this request.

        The sensor has no pixels beyond its border, and no fractions of them: the ROI is shifted
        inside and rounded, and `Inference.roi` tells what became of it. Frames show the effect
        some frames later; until then they carry no inference.

        Raises:
            CameraError: the driver refused it.

        """
