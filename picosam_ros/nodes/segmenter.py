"""`segmenter`: masks for any image topic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from picosam_ros.errors import ImageError
from picosam_ros.nodes.companions import COMPANIONS
from picosam_ros.notice import Notice
from picosam_ros.ros import process
from picosam_ros.ros.camera.camera_info import CameraInfoSubscription
from picosam_ros.ros.connections import connections_of
from picosam_ros.ros.diagnostics import Status
from picosam_ros.ros.managed_node import run
from picosam_ros.ros.messages import to_frame
from picosam_ros.ros.segmentation.node import SegmentationNode
from picosam_ros.ros.segmentation.parameters import PARAMETERS
from picosam_ros.ros.stream_health import CHECK_IMAGE_TOPIC, Source, silence_text
from picosam_ros.spatial.pinhole import Pinhole
from picosam_ros.wire.messages import read_image
from picosam_ros.wire.value_range import ValueScale

# So long a driver that starts with this node has until its first image, in seconds.
_FIRST_IMAGE_S = 5.0
_IMAGE = 'sensor_msgs/msg/Image'


class SegmenterNode(SegmentationNode):
    """Subscribes to `image`, best effort, and answers the prompts on every image."""

    def __init__(self, **options: Any) -> None:
        super().__init__('segmenter', PARAMETERS, **options)
        self._subscription: Any = None
        self._calibration: CameraInfoSubscription | None = None
        self._scale = ValueScale()
        log = self.get_logger()
        self._silence = Notice(log.warning, log.info, after_s=_FIRST_IMAGE_S)

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

    def start_source(self) -> None:
        """Say what is awaited."""
        self._silence.clear()
        self.get_logger().info(
            f'waiting for images on {self.source().name} ({_IMAGE}, best effort, which any '
            'publisher can serve); another topic: remap image:=TOPIC'
        )

    def report(self) -> Mapping[str, Status]:
        """Return the components of `/diagnostics`; the log has it once that no image comes."""
        if self.active and self.enabled:
            name = self.source().name
            silent = self.health.silence_s > self.expected().timeout_s
            self._silence.update(self._no_images() if silent else '', f'images arrive on {name}')
        return super().report()

    def _no_images(self) -> str:
        source = self.source()
        connection = next(
            (e for e in connections_of(self) if e.published and e.topic == source.name), None
        )
        text = silence_text(f'no image from {source.name}', source, connection)
        if connection is not None and not connection.peers:
            text += f' {self._image_topics()}'
        return text

    def _image_topics(self) -> str:
        own = {publisher.topic_name for publisher in self.publishers}
        topics = [
            topic
            for topic, types in self.get_topic_names_and_types()
            if _IMAGE in types and topic not in own and self.count_publishers(topic)
        ]
        if not topics:
            return 'No other topic has images here: is it the same ROS_DOMAIN_ID?'
        return f'Topics with images are {", ".join(sorted(topics))}'

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
