"""`segmenter`: masks for any image topic."""

from __future__ import annotations

from typing import Any

from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from picosam_ros.errors import ImageError
from picosam_ros.nodes.companions import COMPANIONS
from picosam_ros.ros import process
from picosam_ros.ros.camera.camera_info import CameraInfoSubscription
from picosam_ros.ros.managed_node import run
from picosam_ros.ros.messages import to_frame
from picosam_ros.ros.segmentation.node import SegmentationNode
from picosam_ros.ros.segmentation.parameters import PARAMETERS
from picosam_ros.ros.stream_health import CHECK_IMAGE_TOPIC, Source
from picosam_ros.spatial.pinhole import Pinhole
from picosam_ros.wire.messages import read_image
from picosam_ros.wire.value_range import ValueScale


class SegmenterNode(SegmentationNode):
    """Subscribes to `image`, best effort, and answers the prompts on every image."""

    def __init__(self, **options: Any) -> None:
        super().__init__('segmenter', PARAMETERS, **options)
        self._subscription: Any = None
        self._calibration: CameraInfoSubscription | None = None
        self._scale = ValueScale()

    def source(self) -> Source:
        """The topic."""
        return Source(self.resolve_topic_name('image'), CHECK_IMAGE_TOPIC)

    def calibration(self) -> Pinhole:
        """The camera of the newest `camera_info`."""
        assert self._calibration is not None
        return self._calibration.pinhole(rectified=self.parameters['rectified'])

    def open_source(self) -> None:
        """Subscribe, to serialised images: their pixels are read without a copy."""
        log = self.get_logger().info
        self._scale = self.health.scale = ValueScale(self.parameters['value_range'], told=log)
        self._subscription = self.create_subscription(
            Image, 'image', self._on_image, qos_profile_sensor_data, raw=True
        )
        self._calibration = CameraInfoSubscription(self)

    def close_source(self) -> None:
        """Unsubscribe."""
        if self._subscription is not None:
            self.destroy_subscription(self._subscription)
            self._subscription = None
        if self._calibration is not None:
            self._calibration.destroy()
            self._calibration = None

    def _on_image(self, serialised: bytes) -> None:
        received_ns = self.get_clock().now().nanoseconds
        try:
            image = read_image(serialised)
            self.local_image.publish(image)
            self.offer(to_frame(image, received_ns, self._scale))
        except ImageError as error:
            self.refuse_image(error)


def main() -> int:
    """Entry point."""
    return run(SegmenterNode, profile=process.SENDS_MASKS, companions=COMPANIONS)


if __name__ == '__main__':
    raise SystemExit(main())
