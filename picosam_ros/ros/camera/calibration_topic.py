"""The newest `camera_info` of a camera that another node drives."""

from __future__ import annotations

from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo

from picosam_ros.errors import CalibrationError
from picosam_ros.ros.camera.pinholes import to_pinhole
from picosam_ros.spatial.pinhole import Pinhole


class CalibrationTopic:
    """Keeps the newest message, and reads it only when somebody asks.

    Args:
        node: owns the subscription.

    Attributes:
        frame_id: of the message that `pinhole` read last.

    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self.frame_id = ''
        self._newest: bytes | None = None
        self._known: Pinhole | None = None
        self._subscription = node.create_subscription(
            CameraInfo, 'camera_info', self._on_info, qos_profile_sensor_data, raw=True
        )

    def pinhole(self, *, rectified: bool) -> Pinhole:
        """Give the camera of the newest message, see `to_pinhole`.

        Raises:
            CalibrationError: nothing has arrived, or it is not calibrated.

        """
        topic = self._subscription.topic_name
        if self._newest is None:
            raise CalibrationError(
                f'no camera_info has arrived on {topic!r}; start the driver that publishes it, or '
                'give its topic (remap camera_info:=TOPIC)'
            )
        info = deserialize_message(self._newest, CameraInfo)
        self.frame_id = info.header.frame_id
        try:
            pinhole = to_pinhole(info, rectified=rectified)
        except CalibrationError as error:
            raise CalibrationError(f'camera_info on {topic!r}: {error}') from error
        if pinhole != self._known:  # The old one has already worked out its rays.
            self._known = pinhole
        return self._known

    def destroy(self) -> None:
        """Unsubscribe."""
        self._node.destroy_subscription(self._subscription)

    def _on_info(self, serialised: bytes) -> None:
        self._newest = serialised
