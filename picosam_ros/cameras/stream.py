"""IP cameras, through OpenCV's FFmpeg backend."""

from __future__ import annotations

import cv2

from picosam_ros.cameras.v4l2 import V4l2Camera, VideoDevice
from picosam_ros.errors import CameraError

# Of what is not there; a camera in the network answers within a second.
TIMEOUT_MS = 4000


class StreamCamera(V4l2Camera):
    """A camera in the network; its frames carry their time of arrival.

    As with a USB camera, the newest frame wins, and a stream that hangs makes `read` return None.

    Args:
        source: rtsp://ADDRESS, or another address that FFmpeg plays.
        rate: is the camera's own; this one is not asked for.
        frame_id: of the frames.

    """

    name = 'stream'
    check = 'check its address and the network'

    def __init__(self, *, source: str, rate: float, frame_id: str) -> None:
        if not source:
            raise CameraError('the camera stream needs an address as source, like rtsp://ADDRESS')
        super().__init__(source=source, rate=rate, frame_id=frame_id, opener=open_stream)


def open_stream(address: str, _: float) -> VideoDevice:
    """Open a stream. Raises CameraError with the reason alone; the caller names the address."""
    timeouts = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, cv2.CAP_PROP_READ_TIMEOUT_MSEC)
    settings = [value for timeout in timeouts for value in (timeout, TIMEOUT_MS)]
    capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, settings)
    if not capture.isOpened():
        raise CameraError(
            'nothing there plays as a stream; `ffprobe ADDRESS` tells why, and a camera that asks '
            'for a password wants rtsp://USER:PASSWORD@ADDRESS'
        )
    return capture
