"""One image, where it came from, and what the sensor computed for it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from picosam_ros.errors import ImageError
from picosam_ros.roi import Roi

Pixels = npt.NDArray[np.uint8]
Logits = npt.NDArray[np.float32]

# Of `Frame.reduced`, along each axis.
REDUCTION = 4


@dataclass(frozen=True, eq=False, repr=False)
class SensorOutput:
    """The network's output that a sensor sent with a frame.

    Attributes:
        logits: h×w float32, C-contiguous; above 0 is the object.
        roi: the rectangle of the image that the network saw; it may have fractions of pixels,
            since the sensor's grid is finer.
        ticket: which call of `RoiPlacer.look_at` this answers.
        dnn_ms, dsp_ms: time that the sensor's two processors took.

    """

    logits: Logits
    roi: Roi
    ticket: int
    dnn_ms: float
    dsp_ms: float

    def __repr__(self) -> str:
        rows, columns = self.logits.shape
        return f'SensorOutput({columns}×{rows}, {self.roi}, ticket={self.ticket})'


@dataclass(frozen=True, eq=False, repr=False)
class Frame:
    """The pixels of an image with their header.

    Attributes:
        pixels: H×W×3 uint8, R, G, B. A view of the camera's or the message's memory where
            possible: whoever keeps a frame must not write into it.
        stamp_ns: capture time in nanoseconds, on the clock that ROS stamps use.
        frame_id: the optical frame (REP-103: z forward, x right, y down).
        received_ns: arrival in this process, on the same clock as `stamp_ns`.
        exposure_ms: exposure time where the camera reports it; `stamp_ns` is its start.
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
        cls, image: npt.ArrayLike, *, stamp_ns: int | None = None, frame_id: str = ''
    ) -> Frame:
        """Wrap an image; RGB and RGBA without a copy.

        Args:
            image: uint8: H×W×3 (R, G, B), H×W×4 (its alpha is left out), or grey as H×W or H×W×1.
            stamp_ns: capture time; None stands for now.
            frame_id: the optical frame.

        Raises:
            ImageError: the array has another shape or type, or no pixels.

        """
        pixels = _rgb(np.asarray(image))
        now = time.time_ns()
        stamp = now if stamp_ns is None else stamp_ns
        return cls(pixels, stamp, frame_id, received_ns=max(now, stamp))

    def __repr__(self) -> str:
        header = f'stamp_ns={self.stamp_ns}, frame_id={self.frame_id!r}'
        return f'Frame({self.width}×{self.height}, {header})'

    @property
    def from_sensor(self) -> bool:
        """Whether it comes from a camera whose sensor computes."""
        return self.sensor_output is not None or bool(self.no_output)

    def without_sensor(self) -> Frame:
        """Return it as an image alone, which no sensor answers and which moves no ROI."""
        return replace(self, sensor_output=None, no_output='') if self.from_sensor else self

    @cached_property
    def reduced(self) -> Pixels:
        """The pixels at a quarter of their width and height, made at first use.

        A sample for each 4×4 pixels: of images of many megapixels a network sees no more.
        """
        import cv2  # late: a prompt, which this module serves, too, needs none

        size = max(round(self.width / REDUCTION), 1), max(round(self.height / REDUCTION), 1)
        return np.asarray(cv2.resize(self.pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])


def as_frame(image: Frame | npt.ArrayLike) -> Frame:
    """Return a frame as it is, and an array as `Frame.from_array` wraps it.

    Raises:
        ImageError: the array is no image.

    """
    return image if isinstance(image, Frame) else Frame.from_array(image)


def _rgb(array: npt.NDArray[np.generic]) -> Pixels:
    channels = array.shape[2] if array.ndim == 3 else 1 if array.ndim == 2 else 0
    if channels not in (1, 3, 4) or array.dtype != np.uint8:
        raise ImageError(
            f'an image of shape {array.shape} and type {array.dtype} was given; a frame takes '
            'uint8 of height × width (grey), or height × width × 1 (grey), 3 (R, G, B) or 4 '
            '(R, G, B, alpha)'
        )
    if not array.size:
        raise ImageError(f'an image of shape {array.shape} has no pixels')
    pixels = np.asarray(array, np.uint8)
    if channels == 1:
        return pixels.reshape(*pixels.shape[:2], 1).repeat(3, axis=2)
    return pixels if channels == 3 else pixels[..., :3]
