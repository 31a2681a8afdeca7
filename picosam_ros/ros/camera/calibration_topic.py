"""The newest `camera_info` of a camera that another node drives, as a Pinhole."""

from __future__ import annotations

from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo

from picosam_ros.errors import CalibrationError
from picosam_ros.spatial.pinhole import Pinhole


class CalibrationTopic:
    """Keeps the newest message, and reads it only when `pinhole` is called.

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
        """Return the camera of the newest message, see `to_pinhole`.

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
        if pinhole != self._known:  # The old one has its rays computed already.
            self._known = pinhole
        return self._known

    def destroy(self) -> None:
        """Destroy the subscription."""
        self._node.destroy_subscription(self._subscription)

    def _on_info(self, serialised: bytes) -> None:
        self._newest = serialised


def to_pinhole(info: CameraInfo, *, rectified: bool = False) -> Pinhole:
    """Read the calibration of the images that come with a CameraInfo, binning and ROI included.

    Args:
        info: as the driver sent it.
        rectified: the images are rectified: P is theirs, and there is no distortion.

    Raises:
        CalibrationError: see Pinhole; an uncalibrated driver sends zeros.

    """
    p = list(info.p)
    k = [p[0], p[1], p[2], p[4], p[5], p[6], p[8], p[9], p[10]] if rectified else list(info.k)
    roi, columns, rows = info.roi, max(info.binning_x, 1), max(info.binning_y, 1)
    size = (roi.width or info.width) // columns, (roi.height or info.height) // rows
    return Pinhole.from_calibration(
        size,
        # K and P are those of the full sensor (sensor_msgs/CameraInfo).
        [
            *(k[0] / columns, k[1], (k[2] - roi.x_offset) / columns),
            *(k[3], k[4] / rows, (k[5] - roi.y_offset) / rows),
            *k[6:],
        ],
        '' if rectified else info.distortion_model,
        () if rectified else list(info.d),
    )
