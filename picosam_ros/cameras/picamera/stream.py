"""Frames from a Picamera2: started, watched, and always released."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from picosam_ros.cameras.picamera.captured_frame import PREFERRED, CapturedFrame
from picosam_ros.errors import CameraError, PicosamError
from picosam_ros.worker import NewestSlot

# More than the camera fills while one is read and one waits to be read.
BUFFERS = 8

# Without a frame for so long, and for so many frames, a stream has stopped (rpicam-apps#927).
STALL_SECONDS = 2.0
STALL_FRAMES = 5

# From the end of the start to the first frame; exposure control settles meanwhile.
FIRST_FRAME_S = 5.0

# After a start that failed: the kernel lets the chip sleep after 5 s without use, and until then it
# keeps the state that made the start fail.
RETRY_S = 8.0

# By so much a rate may be above that of the mode: periods are whole microseconds.
RATE_TOLERANCE = 1.01


def stall_after(rate: float, seconds: float) -> float:
    """Return after how many seconds without a frame a stream has stopped.

    Args:
        rate: frames per second; 0 if not known.
        seconds: at least.

    """
    return max(seconds, STALL_FRAMES / rate if rate else 0)


class Stream:
    """Owns an open Picamera2: configures and starts it, hands over its newest frame, closes it.

    Args:
        picam2: open, not configured.
        size: width and height of the images.
        rate: frames per second; 0 leaves it to the camera.
        raw: size of the sensor's mode; None lets libcamera choose.
        stall_seconds: without a frame for so long, the stream has stopped.

    Raises:
        CameraError: the mode cannot give the rate.

    """

    def __init__(
        self,
        picam2: Any,
        *,
        size: tuple[int, int],
        rate: float,
        raw: tuple[int, int] | None = None,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        self._picam2 = picam2
        self._stall_s = stall_after(rate, stall_seconds)
        # A request that is not released is a buffer that the camera has no more; with all of them
        # gone, it stops.
        self._slot: NewestSlot[Any] = NewestSlot()
        self._arrived_ns = 0
        self._started_ns = 0
        self._missed_ns = 0
        self._format = self._configure(size, rate, raw)
        picam2.pre_callback = self._keep

    @property
    def state(self) -> str:
        """What it does: 'streaming', or what it waits for."""
        if not self._started_ns:
            return 'starting'
        return 'streaming' if self._arrived_ns else 'waiting for the first frame'

    def start(self) -> None:
        """Start the camera; blocks, and stops all threads of the process meanwhile.

        libcamera's binding keeps Python's interpreter lock while it uploads firmware and network,
        which takes up to minutes.

        Raises:
            CameraError: it could not start.

        """
        try:
            self._picam2.start()
        except PicosamError:
            raise  # of a simulated sensor: what it looks at
        except Exception as error:
            reason = str(error) or type(error).__name__
            raise CameraError(
                f'the camera could not start: {reason}; `dmesg | tail` may show why', RETRY_S
            ) from error
        self._started_ns = time.monotonic_ns()

    def take(self, timeout: float) -> CapturedFrame | None:
        """Wait up to `timeout` seconds for the next frame; None if there was none.

        Raises:
            CameraError: it stopped.

        """
        request = self._slot.take(timeout)
        if request is None:
            self._check()
            return None
        return CapturedFrame.of(request, self._format)

    def close(self) -> None:
        """Release the camera; a wait in another thread ends."""
        _release(self._slot.close())
        self._picam2.pre_callback = None
        # A device that is gone cannot be stopped: opening it again reports that.
        with contextlib.suppress(Exception):
            self._picam2.close()

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
        if rate:
            self._check_rate(rate)
        return str(self._picam2.camera_configuration()['main']['format'])

    def _check_rate(self, rate: float) -> None:
        """Refuse a rate that the mode cannot give: libcamera would give another in silence."""
        shortest_us, longest_us, *_ = self._picam2.camera_controls['FrameDurationLimits']
        highest, lowest = 1e6 / shortest_us, 1e6 / longest_us
        if not lowest / RATE_TOLERANCE <= rate <= highest * RATE_TOLERANCE:
            width, height = self._picam2.camera_configuration()['raw']['size']
            raise CameraError(
                f'rate {rate:g} was given; the mode {width}x{height} of this camera gives '
                f'{lowest:.3g} to {highest:.3g} frames per second'
            )

    def _check(self) -> None:
        if not self._started_ns or self._slot.closed:
            return
        arrived_ns = self._arrived_ns
        allowed_s = self._stall_s if arrived_ns else max(self._stall_s, FIRST_FRAME_S)
        now_ns, since_ns = time.monotonic_ns(), max(arrived_ns, self._started_ns)
        # What holds up this process holds up the camera's thread, too: the silence counts from the
        # end of the first wait in vain.
        if self._missed_ns <= since_ns:
            self._missed_ns = now_ns
        if (now_ns - self._missed_ns) / 1e9 > allowed_s:
            silent_s = (now_ns - since_ns) / 1e9
            raise CameraError(
                f'the stream stopped: no frame for {silent_s:.1f} s; check the cable, and '
                '`dmesg | grep -i imx500`'
            )


def _release(request: Any) -> None:
    if request is not None:
        request.release()
