"""One image, where it came from, and what the sensor computed for it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from picosam_ros.errors import ImageError
from picosam_ros.roi import Roi

Pixels = npt.NDArray[np.uint8]
Logits = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SensorOutput:
    """The network's output that a sensor sent with a frame.

    Attributes:
        logits: h×w float32, C-contiguous; above 0 is the object.
        roi: the rectangle of the image that the network saw, as exactly as the sensor's pixels
            tell: it may have fractions.
        ticket: which call of `RoiPlacer.look_at` this answers.
        dnn_ms, dsp_ms: time that the sensor's two processors took.

    """

    logits: Logits
    roi: Roi
    ticket: int
    dnn_ms: float
    dsp_ms: float


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture with its header.

    Attributes:
        pixels: H×W×3 uint8, R, G, B. A view of the camera's or the message's memory where
            possible: whoever keeps a frame must not write into it.
        stamp_ns: capture time in nanoseconds, on the clock that ROS stamps use.
        frame_id: the optical frame (REP-103: z forward, x right, y down).
        received_ns: arrival in this process, on the same clock as `stamp_ns`.
        exposure_ms: exposure time where the camera tells it; `stamp_ns` is its start.
        sensor_output: what the sensor computed for this frame, if it did.
        no_output: why it did not; empty for a camera that never does.

    """

    pixels: Pixels
    stamp_ns: int = 0
    frame_id: str = ''
    received_ns: int = 0
    exposure_ms: float = math.nan
    sensor_output: SensorOutput | None = None
    no_output: str = ''

    @classmethod
    def from_array(
        cls, rgb: npt.ArrayLike, *, stamp_ns: int | None = None, frame_id: str = ''
    ) -> Frame:
        """Wrap an H×W×3 uint8 RGB array without a copy; it is stamped now if no stamp is given.

        Raises:
            ImageError: the array has another shape or type, or no pixels.

        """
        pixels = np.asarray(rgb)
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
            raise ImageError(
                f'an image of shape {pixels.shape} and type {pixels.dtype} was given; '
                'a frame needs height × width × 3 of uint8 in the order R, G, B'
            )
        if not pixels.size:
            raise ImageError(f'an image of shape {pixels.shape} has no pixels')
        now = time.time_ns()
        stamp = now if stamp_ns is None else stamp_ns
        return cls(pixels, stamp, frame_id, received_ns=max(now, stamp))

    @property
    def from_sensor(self) -> bool:
        """Whether it comes from a camera whose sensor computes."""
        return self.sensor_output is not None or bool(self.no_output)

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])
