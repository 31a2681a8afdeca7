"""`segmenter`: masks for any image topic."""

from __future__ import annotations

from typing import Any

from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from picosam_ros.errors import ImageError
from picosam_ros.ros.cdr import read_image
from picosam_ros.ros.images import to_frame
from picosam_ros.ros.node import SegmentationNode
from picosam_ros.ros.run import run
from picosam_ros.ros.segmentation_parameters import SEGMENTATION_PARAMETERS

PARAMETERS = SEGMENTATION_PARAMETERS


class SegmenterNode(SegmentationNode):
    """Subscribes to `image`, best effort, and answers the prompts on every image."""

    def __init__(self) -> None:
        super().__init__('segmenter', PARAMETERS)
        self._subscription: Any = None

    def open_source(self) -> None:
        """Subscribe: raw, so that the pixels are looked at where they arrived."""
        self._subscription = self.create_subscription(
            Image, 'image', self._on_image, qos_profile_sensor_data, raw=True
        )

    def close_source(self) -> None:
        """Unsubscribe."""
        if self._subscription is not None:
            self.destroy_subscription(self._subscription)
            self._subscription = None

    def _on_image(self, serialised: bytes) -> None:
        received_ns = self.get_clock().now().nanoseconds
        try:
            self.offer(to_frame(read_image(serialised), received_ns))
        except ImageError as error:
            self.refuse_image(error)


def main() -> int:
    """Entry point."""
    return run(SegmenterNode)


if __name__ == '__main__':
    raise SystemExit(main())
