"""Frames from a Picamera2: started in a thread of its own, watched, and always released."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from picosam_ros.cameras.picamera.captured_frame import PREFERRED, CapturedFrame
from picosam_ros.errors import CameraError
from picosam_ros.worker import NewestSlot

# More than the camera fills while one is read and one waits to be read.
BUFFERS = 8

# Without a frame for so long, and for so many frames, a stream has stopped (rpicam-apps#927).
STALL_SECONDS = 2.0
STALL_FRAMES = 5

# From the end of the start to the first frame; exposure control settles meanwhile.
FIRST_FRAME_S = 5.0

# How long `close` waits for a start that blocks; then the start closes the camera when it ends.
STOP_S = 1.0


class Stream:
    """Owns an open Picamera2: starts it at once, hands over its newest frame, closes it.

    Args:
        picam2: open, not configured.
        size: width and height of the images.
        rate: frames per second; 0 leaves it to the camera.
        starting: returns the progress of the start, for `state`.
        raw: size of the sensor's mode; None lets libcamera choose.

    """

    def __init__(
        self,
        picam2: Any,
        *,
        size: tuple[int, int],
        rate: float,
        starting: Callable[[], str] = lambda: 'starting',
        raw: tuple[int, int] | None = None,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        self._picam2 = picam2
        self._starting = starting
        self._stall_s = max(stall_seconds, STALL_FRAMES / rate if rate else 0)
        # A request that is not released is a buffer that the camera has no more; with all of them
        # gone, it stops.
        self._slot: NewestSlot[Any] = NewestSlot()
        self._arrived_ns = 0
        self._lock = threading.Lock()
        self._started_ns = 0
        self._fault = ''
        self._closed = False
        self._format = self._configure(size, rate, raw)
        picam2.pre_callback = self._keep
        # A daemon: a start that never returns must not keep the process alive.
        self._thread = threading.Thread(target=self._start, name='picosam_start', daemon=True)
        self._thread.start()

    @property
    def state(self) -> str:
        """What it does: 'streaming', 'stopped', or what it waits for."""
        if self._fault:
            return 'stopped'
        if not self._started_ns:
            return self._starting()
        return 'streaming' if self._arrived_ns else 'waiting for the first frame'

    @property
    def busy(self) -> bool:
        """Closed, but its start still blocks."""
        return self._thread.is_alive()

    def take(self, timeout: float) -> CapturedFrame | None:
        """Wait up to `timeout` seconds for the next frame; None if there was none.

        Raises:
            CameraError: it could not start, or it stopped.

        """
        request = self._slot.take(timeout)
        if request is None:
            self._check()
            return None
        return CapturedFrame.of(request, self._format)

    def close(self) -> None:
        """Release the camera; a wait in another thread ends."""
        with self._lock:
            first, self._closed = not self._closed, True
            started = bool(self._started_ns or self._fault)
        _release(self._slot.close())
        if started and first:
            self._release_camera()
        self._thread.join(STOP_S)

    def _keep(self, request: Any) -> None:
        """Keep a request until it is taken; this is a `pre_callback`: it does not block."""
        self._arrived_ns = time.monotonic_ns()
        request.acquire()
        _release(self._slot.put(request))

    def _configure(self, size: tuple[int, int], rate: float, raw: tuple[int, int] | None) -> str:
        """Return the pixel format that the camera takes."""
        options: dict[str, Any] = {'raw': {'size': raw}} if raw else {}
        configuration = self._picam2.create_preview_configuration(
            main={'size': size, 'format': PREFERRED},
            controls={'FrameRate': rate} if rate else {},
            buffer_count=BUFFERS,
            queue=False,
            **options,
        )
        self._picam2.configure(configuration)
        return str(self._picam2.camera_configuration()['main']['format'])

    def _start(self) -> None:
        fault = ''
        try:
            self._picam2.start()
        except Exception as error:  # noqa: BLE001 - raised by take(): nobody sees a thread end
            fault = f'the camera could not start: {error}'
        with self._lock:
            self._fault = fault
            self._started_ns = time.monotonic_ns()
            closed = self._closed
        if closed:
            self._release_camera()

    def _release_camera(self) -> None:
        self._picam2.pre_callback = None
        # A device that is gone cannot be stopped: opening it again reports that.
        with contextlib.suppress(Exception):
            self._picam2.close()

    def _check(self) -> None:
        if self._closed:
            return
        if self._fault:
            raise CameraError(self._fault)
        if not self._started_ns:
            return
        arrived_ns = self._arrived_ns
        allowed_s = self._stall_s if arrived_ns else max(self._stall_s, FIRST_FRAME_S)
        silent_s = (time.monotonic_ns() - max(arrived_ns, self._started_ns)) / 1e9
        if silent_s > allowed_s:
            raise CameraError(
                f'the stream stopped: no frame for {silent_s:.1f} s; check the cable, and '
                '`dmesg | grep -i imx500`'
            )


def _release(request: Any) -> None:
    if request is not None:
        request.release()
