"""USB cameras, through OpenCV's V4L2 backend."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import cv2

from picosam_ros.cameras.grabber import Capture, Grabber
from picosam_ros.errors import CameraError
from picosam_ros.frame import Frame

# Some webcams need seconds for the exposure of their first picture.
FIRST_FRAME_S = 5.0

# With a single one, the driver has nowhere to write to while a picture is decoded, and the rate
# halves. The grabber empties them at once, so a second one adds no latency.
BUFFERS = 2

REASONS = {
    errno.ENOENT: 'there is no such device; `v4l2-ctl --list-devices` lists those there are',
    errno.EACCES: 'no permission; add yourself to the group video: '
    '`sudo usermod -aG video $USER`, and log in again',
    errno.EPERM: 'not permitted here; in a container, pass the device on: `--device /dev/video0`',
    errno.EBUSY: 'busy; `fuser -v /dev/video*` tells which program has it',
    errno.ENODEV: 'it was unplugged',
    errno.ENXIO: 'it was unplugged',
}


def open_device(device: str, rate: float) -> Capture:
    """Open one device: MJPG if it has that (raw pictures fill USB 2 at low rates), 640×480.

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
            f'cameras, `fuser -v {device}` tells the program'
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

    Frames carry the driver's time of capture where it tells one, else their time of arrival. The
    device is read in a thread of its own: one that hangs makes `read` return None in time.

    Args:
        source: '/dev/video2' or '2'; empty takes the first of /dev/video* that gives pictures.
        rate: frames per second that is asked for; the device takes what is nearest. 0 leaves its
            own.
        frame_id: of the frames.
        opener: opens one device, given its path and the rate.

    """

    name = 'v4l2'

    def __init__(
        self,
        *,
        source: str,
        rate: float,
        frame_id: str,
        opener: Callable[[str, float], Capture] = open_device,
    ) -> None:
        self._source = source
        self._rate = rate
        self._frame_id = frame_id
        self._opener = opener
        self._grabber: Grabber | None = None
        self._description = {'source': source, 'size': '', 'rate': f'{rate:g}'}
        self._closed = False

    @property
    def description(self) -> dict[str, str]:
        return self._description

    def open(self) -> None:
        if self._grabber is not None:
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
        grabber = self._grabber
        if grabber is None:
            if self._closed:
                return None
            raise CameraError('the camera v4l2 is not open; call open() first')
        try:
            return grabber.take(timeout)
        except CameraError as error:
            device = self._description['source']
            raise CameraError(f'{device} stopped: {error}; check its cable') from error

    def close(self) -> None:
        self._closed = True
        if self._grabber is not None:
            self._grabber.stop()
            self._grabber = None

    def _try(self, device: str) -> str:
        """Open one device; the reason if that fails, else nothing."""
        try:
            capture = self._opener(device, self._rate)
        except CameraError as error:
            return str(error)
        description = _describe(device, capture)
        grabber = Grabber(capture, self._frame_id)
        if not grabber.wait_for_frame(FIRST_FRAME_S):
            grabber.stop()
            return 'it opens, but gives no pictures; unplug it and plug it in again'
        self._grabber, self._description = grabber, description
        return ''


def devices(source: str, folder: Path = Path('/dev')) -> list[str]:
    """Give the devices to try, in order: the one that is meant, or all of the folder."""
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
    """Say in words why a device could not be opened, and what to do."""
    return REASONS.get(error.errno or 0, error.strerror or str(error))


def _describe(device: str, capture: Capture) -> dict[str, str]:
    width, height, rate = (
        capture.get(prop)
        for prop in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FPS)
    )
    return {'source': device, 'size': f'{width:.0f}x{height:.0f}', 'rate': f'{rate:g}'}
