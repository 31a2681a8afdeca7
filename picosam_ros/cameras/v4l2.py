"""USB cameras, through OpenCV's V4L2 backend."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from picosam_ros.cameras.base import stamp_of
from picosam_ros.errors import CameraError
from picosam_ros.frame import Frame
from picosam_ros.worker import NewestSlot

# A frame that is older than this when it arrives has a timestamp of another clock.
MAX_AGE_NS = 1_000_000_000

# How long `stop` waits for a device that may be stuck.
STOP_S = 1.0

# Some webcams need seconds for the exposure of their first image.
FIRST_FRAME_S = 5.0

# With a single one, the driver has nowhere to write to while an image is decoded, and the rate
# halves. The reader empties them at once, so a second one adds no latency.
BUFFERS = 2

REASONS = {
    errno.ENOENT: 'there is no such device; `v4l2-ctl --list-devices` lists those there are',
    errno.EACCES: 'no permission; add yourself to the group video: '
    '`sudo usermod -aG video $USER`, and log in again',
    errno.EPERM: 'not permitted here; in a container, pass the device on: `--device /dev/video0`',
    errno.EBUSY: 'busy; `fuser -v /dev/video*` shows which program has it',
    errno.ENODEV: 'it was unplugged',
    errno.ENXIO: 'it was unplugged',
}


class VideoDevice(Protocol):
    """What is used of cv2.VideoCapture."""

    def read(self) -> tuple[bool, Any]:
        """Block until there is an image: H×W×3 uint8 BGR."""

    def get(self, prop: int, /) -> float:
        """Return a property."""

    def release(self) -> None:
        """Close the device."""


class DeviceReader:
    """Reads a device that may block, in a thread of its own; the newest frame wins.

    Args:
        device: open; it is read as fast as it delivers, and released at the end.
        frame_id: of the frames.

    """

    def __init__(self, device: VideoDevice, frame_id: str) -> None:
        self._device = device
        self._frame_id = frame_id
        self._slot: NewestSlot[Frame] = NewestSlot()
        self._stopped = False
        # A daemon: a device that never returns must not keep the process alive.
        self._thread = threading.Thread(target=self._loop, name='picosam_reader', daemon=True)
        self._thread.start()

    def take(self, timeout: float) -> Frame | None:
        """Wait up to `timeout` seconds for a new frame.

        Raises:
            CameraError: the device ended.
            Exception: what ended the thread, if it was something else.

        """
        return self._slot.take(timeout)

    def wait_for_frame(self, timeout: float) -> bool:
        """Return whether a frame arrives within `timeout` seconds; it stays to be taken."""
        return self._slot.wait(timeout)

    def stop(self) -> None:
        """End all waits; a device that is stuck is left to its thread."""
        self._stopped = True
        self._slot.close()
        self._thread.join(STOP_S)

    def _loop(self) -> None:
        try:
            while not self._stopped:
                self._slot.put(self._read())
        except Exception as error:  # noqa: BLE001 - raised by take(): nobody sees a thread end
            self._slot.fail(error)
        finally:
            self._device.release()

    def _read(self) -> Frame:
        try:
            ok, bgr = self._device.read()
        except cv2.error as error:
            raise CameraError(str(error)) from error
        if not ok:
            raise CameraError('it delivers no more images')
        stamp = capture_stamp(self._device.get(cv2.CAP_PROP_POS_MSEC))
        rgb = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
        return Frame(rgb, stamp, self._frame_id, received_ns=time.time_ns())


def open_device(device: str, rate: float) -> VideoDevice:
    """Open one device: MJPG if it has that (raw images fill USB 2 at low rates), 640×480.

    Raises:
        CameraError: with the reason alone; the caller names the device.

    """
    try:
        os.close(os.open(device, os.O_RDWR | os.O_NONBLOCK))
    except OSError as error:
        raise CameraError(reason_of(error)) from error
    capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
    if not capture.isOpened():
        raise CameraError(
            'not a camera, or another program has it: `v4l2-ctl --list-devices` lists the '
            f'cameras, `fuser -v {device}` shows the program'
        )
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*'MJPG'))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, 640)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, 480)
    if rate > 0:
        capture.set(cv2.CAP_PROP_FPS, rate)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, BUFFERS)
    return capture


class V4l2Camera:
    """A USB camera.

    Frames carry the driver's time of capture where there is one, else their time of arrival. The
    device is read in a thread of its own: one that hangs makes `read` return None in time.

    Args:
        source: '/dev/video2' or '2'; empty takes the first of /dev/video* that delivers images.
        rate: frames per second that is asked for; the device takes what is nearest. 0 leaves its
            own.
        frame_id: of the frames.
        opener: opens one device, given its path and the rate.

    """

    name = 'v4l2'
    check = 'check its cable'

    def __init__(
        self,
        *,
        source: str,
        rate: float,
        frame_id: str,
        opener: Callable[[str, float], VideoDevice] = open_device,
    ) -> None:
        self._source = source
        self._rate = rate
        self._frame_id = frame_id
        self._opener = opener
        self._reader: DeviceReader | None = None
        self._description = {'source': source, 'size': '', 'rate': f'{rate:g}'}
        self._closed = False

    @property
    def description(self) -> dict[str, str]:
        return self._description

    def open(self) -> None:
        if self._reader is not None:
            return
        tried = []
        for device in devices(self._source):
            reason = self._try(device)
            if not reason:
                self._closed = False
                return
            tried.append(f'{device}: {reason}')
        raise CameraError('no camera could be opened. ' + '. '.join(tried))

    def read(self, timeout: float) -> Frame | None:
        """Wait for the next frame; `close` in another thread ends the wait, with None."""
        reader = self._reader
        if reader is None:
            if self._closed:
                return None
            raise CameraError(f'the camera {self.name} is not open; call open() first')
        try:
            return reader.take(timeout)
        except CameraError as error:
            device = self._description['source']
            raise CameraError(f'{device} stopped: {error}; {self.check}') from error

    def close(self) -> None:
        self._closed = True
        if self._reader is not None:
            self._reader.stop()
            self._reader = None

    def _try(self, device: str) -> str:
        """Open one device; return the reason if that fails, else an empty text."""
        try:
            capture = self._opener(device, self._rate)
        except CameraError as error:
            return str(error)
        description = _describe(device, capture)
        reader = DeviceReader(capture, self._frame_id)
        if reader.wait_for_frame(FIRST_FRAME_S):
            self._reader, self._description = reader, description
            return ''
        # Anything but a CameraError is no matter of the device: it is raised.
        with suppress(CameraError):
            reader.take(0)
        reader.stop()
        return 'it opens, but delivers no images; unplug it and plug it in again'


def devices(source: str, folder: Path = Path('/dev')) -> list[str]:
    """Return the devices to try, in order: the given one, or all of the folder."""
    if source:
        return [str(folder / f'video{source}') if source.isdecimal() else source]
    found = sorted(
        (path for path in folder.glob('video*') if path.name[5:].isdecimal()),
        key=lambda path: int(path.name[5:]),
    )
    if not found:
        raise CameraError(
            f'there is no {folder}/video*: plug in a USB camera, or choose another camera '
            '(photos needs none)'
        )
    return [str(path) for path in found]


def reason_of(error: OSError) -> str:
    """Return why a device could not be opened, and what to do."""
    return REASONS.get(error.errno or 0, error.strerror or str(error))


def _describe(device: str, capture: VideoDevice) -> dict[str, str]:
    width, height, rate = (
        capture.get(prop)
        for prop in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FPS)
    )
    return {'source': device, 'size': f'{width:.0f}x{height:.0f}', 'rate': f'{rate:g}'}


def capture_stamp(sensor_ms: float) -> int:
    """Return the stamp (nanoseconds since 1970) of a frame that has just arrived.

    Args:
        sensor_ms: the driver's timestamp in milliseconds. V4L2's is of CLOCK_MONOTONIC and is
            used; one of another clock, or none, leaves the time of arrival.

    """
    now_ns = time.monotonic_ns()
    sensor_ns = round(sensor_ms * 1e6)
    return stamp_of(sensor_ns if 0 <= now_ns - sensor_ns <= MAX_AGE_NS else now_ns)
