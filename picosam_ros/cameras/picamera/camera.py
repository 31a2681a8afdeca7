"""Raspberry Pi cameras, through picamera2."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from picosam_ros.cameras.picamera.captured_frame import CapturedFrame, stamp_from
from picosam_ros.cameras.picamera.stream import STALL_SECONDS, Stream, stall_after
from picosam_ros.errors import CameraError, PicosamError
from picosam_ros.frame import Frame

SIZE = (640, 480)

# How libcamera begins the name of a camera that is plugged into USB.
USB = '/usb'

# What picamera2 raises where a camera is missing, in use, or gone: its own are RuntimeErrors.
FAULTS = (RuntimeError, OSError, LookupError, StopIteration, ValueError, AssertionError)


def import_picamera2() -> Any:
    """Return what offers `Picamera2` and `IMX500`.

    Raises:
        CameraError: it is not installed, with the command that installs it.

    """
    try:
        from picamera2 import Picamera2
        from picamera2.devices import IMX500
    except ImportError as error:
        raise CameraError(
            f'Raspberry Pi cameras need picamera2 0.3.36 or later, which cannot be imported '
            f'({error}); on Raspberry Pi OS (bookworm or later): `sudo apt install '
            'python3-picamera2 imx500-all`. Ubuntu has no driver for them: run Raspberry Pi OS '
            'with ROS 2 in a container, or use a USB camera (camera v4l2)'
        ) from error
    return SimpleNamespace(Picamera2=Picamera2, IMX500=IMX500)


class PicameraCamera:
    """A Raspberry Pi camera, in this process: `open` stops all of its threads while it starts.

    Args:
        source: the camera's place in `rpicam-hello --list-cameras`, '' for the first.
        rate: frames per second; 0 leaves it to the camera.
        frame_id: of the frames.
        size: width and height of the images.
        mode: width and height of the sensor's mode; None lets libcamera choose.
        stall_seconds: without a frame for so long, the stream has stopped.
        backend: offers `Picamera2` and `IMX500`; None imports picamera2 when it is opened.

    Attributes:
        warning: what works only in part, in a sentence; empty if all is well.

    """

    name = 'picamera'
    warning = ''

    @staticmethod
    def models(backend: Any = None) -> list[str]:
        """Return the models of the connected Raspberry Pi cameras, in libcamera's order.

        Raises:
            CameraError: picamera2 is not installed.

        """
        found = (backend or import_picamera2()).Picamera2.global_camera_info()
        return [camera['Model'] for camera in found if USB not in camera['Id']]

    def __init__(
        self,
        *,
        source: str,
        rate: float,
        frame_id: str,
        size: tuple[int, int] = SIZE,
        mode: tuple[int, int] | None = None,
        stall_seconds: float = STALL_SECONDS,
        backend: Any = None,
    ) -> None:
        self._source = source
        self._rate = rate
        self._frame_id = frame_id
        self._size = size
        self._mode = mode
        self._stall_seconds = stall_seconds
        self._given_backend = backend
        self._stream: Stream | None = None

    @property
    def stall_s(self) -> float:
        """Seconds without a frame after which `read` raises."""
        return stall_after(self._rate, self._stall_seconds)

    @property
    def description(self) -> dict[str, str]:
        return {
            'source': self._source or 'the first camera',
            'size': f'{self._size[0]}x{self._size[1]}',
            'rate': f'{self._rate:g}',
            'state': self.state,
        }

    @property
    def state(self) -> str:
        """What it does now: 'closed', 'streaming', or what it waits for."""
        return self._stream.state if self._stream else 'closed'

    def open(self) -> None:
        """Connect and start, where it is closed."""
        if self._stream is None:
            self.connect()
            self.start()

    def connect(self) -> None:
        """Find and configure the camera; raises CameraError."""
        backend = self._backend()
        with self._closed_on_failure():
            self._stream = self._connect(backend)

    def start(self) -> None:
        """Start the stream of a connected camera; blocks, see `Stream.start`."""
        assert self._stream is not None
        with self._closed_on_failure():
            self._stream.start()

    def read(self, timeout: float) -> Frame | None:
        stream = self._stream
        if stream is None:
            raise CameraError(f'the camera {self.name} is not open; call open() first')
        try:
            captured = stream.take(timeout)
        except FAULTS as error:
            raise CameraError(self._sentence(error)) from error
        return None if captured is None else self._frame(captured)

    def close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()
        self._disconnect()

    @contextlib.contextmanager
    def _closed_on_failure(self) -> Iterator[None]:
        """Close after a failure, and tell it in a sentence."""
        try:
            yield
        except BaseException as error:
            self.close()
            if isinstance(error, PicosamError) and not isinstance(error, CameraError):
                raise CameraError(str(error)) from error
            if isinstance(error, FAULTS):
                raise CameraError(self._sentence(error)) from error
            raise

    def _backend(self) -> Any:
        return self._given_backend or import_picamera2()

    def _connect(self, backend: Any) -> Stream:
        """Open the device; raises one of FAULTS."""
        return self._streamed(backend, self._index(backend))

    def _disconnect(self) -> None:
        """Release what `_connect` took besides the stream."""

    def _index(self, backend: Any) -> int:
        """Return its place in the list of cameras.

        Picamera2 is not asked for a camera that is not in the list: each refusal costs it a file
        handle.
        """
        index, count = int(self._source or 0), len(backend.Picamera2.global_camera_info())
        if not 0 <= index < count:
            raise LookupError(
                f'source {self._source!r} was given, and libcamera lists {count} cameras'
            )
        return index

    def _streamed(self, backend: Any, index: int) -> Stream:
        picam2 = backend.Picamera2(index)
        try:
            return Stream(
                picam2,
                size=self._size,
                rate=self._rate,
                raw=self._mode,
                stall_seconds=self._stall_seconds,
            )
        except BaseException:
            picam2.close()
            raise

    def _sentence(self, error: Exception) -> str:
        reason = str(error).rstrip('.') or type(error).__name__
        return (
            f'the camera {self.name} failed: {reason}; `rpicam-hello --list-cameras` lists the '
            'cameras, `sudo fuser -v /dev/media*` the programs that have one'
        )

    def _frame(self, captured: CapturedFrame, **inferred: Any) -> Frame:
        exposure_us = captured.metadata.get('ExposureTime')
        return Frame(
            captured.pixels,
            stamp_from(captured.metadata, captured.captured_ns),
            self._frame_id,
            received_ns=time.time_ns(),
            exposure_ms=math.nan if exposure_us is None else exposure_us / 1000,
            **inferred,
        )
