"""Reads a device that may block, in a thread of its own: the newest frame wins."""

from __future__ import annotations

import threading
import time
from typing import Any, Protocol

import cv2
import numpy as np

from picosam_ros.cameras.clock import stamp_of
from picosam_ros.errors import CameraError
from picosam_ros.frame import Frame

# A frame that is older than this when it arrives has a timestamp of another clock.
MAX_AGE_NS = 1_000_000_000

# How long `stop` waits for a device that may be stuck.
STOP_S = 1.0


class Capture(Protocol):
    """What is used of cv2.VideoCapture."""

    def read(self) -> tuple[bool, Any]:
        """Block until there is a picture: H×W×3 uint8 BGR."""

    def get(self, prop: int, /) -> float:
        """Give a property."""

    def release(self) -> None:
        """Close the device."""


class Grabber:
    """Hands over the newest frame of a capture, which it owns and releases.

    Args:
        capture: open; it is read at once and as fast as it gives pictures.
        frame_id: of the frames.

    """

    def __init__(self, capture: Capture, frame_id: str) -> None:
        self._capture = capture
        self._frame_id = frame_id
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._fault = ''
        self._stopped = False
        # A daemon: a device that never returns must not keep the process alive.
        self._thread = threading.Thread(target=self._loop, name='picosam_grabber', daemon=True)
        self._thread.start()

    def take(self, timeout: float) -> Frame | None:
        """Wait up to `timeout` seconds for a frame that was not taken before.

        Raises:
            CameraError: the device gives no more frames.

        """
        with self._changed:
            self._changed.wait_for(lambda: self._frame or self._fault or self._stopped, timeout)
            frame, self._frame = self._frame, None
            if frame is None and self._fault and not self._stopped:
                raise CameraError(self._fault)
            return frame

    def wait_for_frame(self, timeout: float) -> bool:
        """Whether a frame arrives within `timeout` seconds; it stays to be taken."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame or self._fault, timeout)
            return self._frame is not None

    def stop(self) -> None:
        """End; a wait in another thread returns. A device that is stuck is left to its thread."""
        with self._changed:
            self._stopped = True
            self._frame = None
            self._changed.notify_all()
        self._thread.join(STOP_S)

    def _loop(self) -> None:
        fault = ''
        while not fault and not self._stopped:
            try:
                frame = self._grab()
                fault = '' if frame else 'it gives no more pictures'
            except cv2.error as error:
                frame, fault = None, str(error)
            self._put(frame, fault)
        self._capture.release()

    def _grab(self) -> Frame | None:
        ok, bgr = self._capture.read()
        if not ok:
            return None
        stamp = capture_stamp(self._capture.get(cv2.CAP_PROP_POS_MSEC))
        rgb = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
        return Frame(rgb, stamp, self._frame_id, received_ns=time.time_ns())

    def _put(self, frame: Frame | None, fault: str) -> None:
        with self._changed:
            self._frame = frame or self._frame
            self._fault = fault
            self._changed.notify_all()


def capture_stamp(sensor_ms: float) -> int:
    """Give the stamp (nanoseconds since 1970) of a frame that has just arrived.

    Args:
        sensor_ms: the driver's timestamp in milliseconds. V4L2's is of CLOCK_MONOTONIC and is
            used; one of another clock, or none, leaves the time of arrival.

    """
    now_ns = time.monotonic_ns()
    sensor_ns = round(sensor_ms * 1e6)
    return stamp_of(sensor_ns if 0 <= now_ns - sensor_ns <= MAX_AGE_NS else now_ns)
