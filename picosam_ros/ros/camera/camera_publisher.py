"""Publishes the images of a camera and delivers its frames."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.node import Node
from sensor_msgs.msg import Image

from picosam_ros.cameras import Camera
from picosam_ros.cameras.reader import CameraReader
from picosam_ros.frame import Frame
from picosam_ros.ros.camera.camera_info import CameraInfoPublisher
from picosam_ros.ros.diagnostics import OK, WARN, Status
from picosam_ros.ros.messages import header_of, to_image

_QUEUE = 10


class CameraPublisher:
    """One camera on a node: `image_raw` and `camera_info`, and every frame to `deliver`.

    Args:
        node: owns the topics.
        camera: read in a thread of its own, see CameraReader.
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
        self._deliver = deliver
        self._reader = CameraReader(camera, node.get_logger())
        self._info = CameraInfoPublisher(node, camera_info_url)
        self._image = node.create_publisher(Image, 'image_raw', _QUEUE)

    @property
    def camera_info(self) -> CameraInfoPublisher:
        """The calibration and its topic."""
        return self._info

    def open(self) -> None:
        """Open the camera; raises CameraError."""
        self._reader.open()

    def start(self) -> None:
        """Start the thread."""
        self._reader.start(self._take)

    def stop(self) -> None:
        """Stop the thread."""
        self._reader.stop()

    def close(self) -> None:
        """Close the camera, destroy the topics."""
        self._reader.close()
        self._node.destroy_publisher(self._image)
        self._info.destroy()

    def status(self) -> Status:
        """Return the component `camera` of `/diagnostics`; a past fault is reported once."""
        status = self._reader.status()
        values = {**status.values, 'calibration': self._info.state}
        if status.level == OK and self._info.complaint:
            return Status(WARN, self._info.complaint, values)
        return Status(status.level, status.message, values)

    def _take(self, frame: Frame) -> None:
        # What one of them raises must not cost the other its frame.
        try:
            self._deliver(frame)
        finally:
            self._info.publish(frame)
            if self._image.get_subscription_count():
                self._image.publish(to_image(frame.pixels, 'rgb8', header_of(frame)))
