"""Reads a camera in its own thread, publishes its images and delivers its frames."""

from __future__ import annotations

import threading
from collections.abc import Callable

from rclpy.node import Node
from sensor_msgs.msg import Image

from picosam_ros.cameras import Camera
from picosam_ros.errors import CameraError, EndOfStream
from picosam_ros.frame import Frame
from picosam_ros.ros.camera.camera_info import CameraInfoPublisher
from picosam_ros.ros.diagnostics import ERROR, OK, STALE, WARN, Status
from picosam_ros.ros.messages import header_of, to_image

_QUEUE = 10
_READ_TIMEOUT_S = 0.2
_FIRST_BACKOFF, _LAST_BACKOFF = 0.5, 5.0


class CameraPublisher:
    """One camera on a node: `image_raw` and `camera_info`, and every frame to `deliver`.

    A camera that fails is closed and reopened, after 0.5 s, 1 s, 2 s … 5 s.

    Args:
        node: owns the topics.
        camera: read in a thread of its own.
        deliver: called with every frame, in that thread.
        camera_info_url: of the calibration, see CameraInfoPublisher.

    Raises:
        CalibrationError: see CameraInfoPublisher.

    """

    def __init__(
        self,
        node: Node,
        camera: Camera,
        deliver: Callable[[Frame], None],
        camera_info_url: str = '',
    ) -> None:
        self._node = node
        self._camera = camera
        self._deliver = deliver
        self._info = CameraInfoPublisher(node, camera_info_url)
        self._image = node.create_publisher(Image, 'image_raw', _QUEUE)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._frames = 0
        self._reopened = 0
        self._status = Status(STALE, 'not started')
        self._unreported: Status | None = None

    @property
    def camera_info(self) -> CameraInfoPublisher:
        """The calibration and its topic."""
        return self._info

    def open(self) -> None:
        """Open the camera; raises CameraError."""
        self._camera.open()
        self._node.get_logger().info(
            f'camera {self._camera.name!r}: {_text_of(self._camera.description)}'
        )

    def start(self) -> None:
        """Start the thread."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._loop, name='picosam_camera', daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def close(self) -> None:
        """Close the camera, destroy the topics."""
        self._camera.close()
        self._node.destroy_publisher(self._image)
        self._info.destroy()

    def status(self) -> Status:
        """Return the component `camera` of `/diagnostics`; a past error is reported once."""
        status, self._unreported = self._unreported or self._status, None
        if status.level == OK and self._info.complaint:
            status = Status(WARN, self._info.complaint)
        return Status(
            status.level,
            status.message,
            {
                'camera': self._camera.name,
                'calibration': self._info.state,
                'frames': self._frames,
                'reopened': self._reopened,
                **self._camera.description,
            },
        )

    def _loop(self) -> None:
        backoff = _FIRST_BACKOFF
        while not self._stopping.is_set():
            try:
                self._camera.open()
                frame = self._camera.read(_READ_TIMEOUT_S)
            except EndOfStream as end:
                self._status = Status(OK, str(end))
                self._node.get_logger().info(str(end))
                return
            except CameraError as error:
                self._status = self._unreported = Status(
                    ERROR, f'{error}; next try in {backoff:g} s'
                )
                self._node.get_logger().error(self._status.message)
                self._camera.close()
                self._reopened += 1
                self._stopping.wait(backoff)
                backoff = min(2 * backoff, _LAST_BACKOFF)
                continue
            if frame is None:
                self._status = Status(WARN, self._waiting())
                continue
            backoff = _FIRST_BACKOFF
            if self._status.level != OK:
                self._node.get_logger().info(f'camera {self._camera.name!r}: frames flow')
            self._status = Status(OK, 'frames flow')
            self._frames += 1
            self._deliver(frame)
            self._publish(frame)

    def _waiting(self) -> str:
        state = self._camera.description.get('state', '')
        return f'no frame within {_READ_TIMEOUT_S:g} s' + (f': {state}' if state else '')

    def _publish(self, frame: Frame) -> None:
        self._info.publish(frame)
        if self._image.get_subscription_count():
            self._image.publish(to_image(frame.pixels, 'rgb8', header_of(frame)))


def _text_of(description: dict[str, str]) -> str:
    return ', '.join(f'{key} {value}' for key, value in description.items())
