"""Publishes results: each topic is filled only while somebody listens."""

from __future__ import annotations

import time
from dataclasses import replace

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import Image

from picosam_ros.latency import Timing
from picosam_ros.mask import label_image
from picosam_ros.msg import Latency, MaskArray
from picosam_ros.overlay import draw
from picosam_ros.ros.messages import header_of, to_image, to_latency, to_mask_array
from picosam_ros.segmenter import Result

_QUEUE = 10


class Outputs:
    """`~/masks`, `~/label_mask`, `~/confidence`, `~/overlay`, `~/latency`, `~/label_info`.

    Everything carries the header of the image that it was computed from.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._masks = node.create_publisher(MaskArray, '~/masks', _QUEUE)
        self._labels = node.create_publisher(Image, '~/label_mask', _QUEUE)
        self._confidence = node.create_publisher(Image, '~/confidence', _QUEUE)
        self._overlay = node.create_publisher(Image, '~/overlay', _QUEUE)
        self._latency = node.create_publisher(Latency, '~/latency', _QUEUE)
        self._label_info = _label_info(node)

    def publish(self, result: Result, *, queue_ms: float, frames: int, dropped: int) -> Timing:
        """Publish one result and return its complete timing, which `~/latency` carries."""
        begun = time.perf_counter()
        messages = self._messages(result)
        decoded = time.perf_counter()
        for publisher, message in messages:
            publisher.publish(message)
        published = time.perf_counter()
        timing = replace(
            result.timing,
            receive=(result.frame.received_ns - result.frame.stamp_ns) / 1e6,
            queue=queue_ms,
            decode=result.timing.decode + 1e3 * (decoded - begun),
            publish=1e3 * (published - decoded),
        )
        timing = replace(timing, total=_sum(timing))
        self._latency.publish(
            to_latency(
                result.frame, timing, prompts=len(result.masks), frames=frames, dropped=dropped
            )
        )
        return timing

    def destroy(self) -> None:
        """Take the topics away."""
        topics = (
            self._masks,
            self._labels,
            self._confidence,
            self._overlay,
            self._latency,
            self._label_info,
        )
        for publisher in topics:
            if publisher is not None:
                self._node.destroy_publisher(publisher)

    def _messages(self, result: Result) -> list[tuple[Publisher, MaskArray | Image]]:
        frame, masks = result.frame, result.masks
        header = header_of(frame)
        messages = []
        if _heard(self._masks):
            messages.append((self._masks, to_mask_array(frame, masks, result.unanswered)))
        if _heard(self._labels) or _heard(self._confidence):
            labels, confidence = label_image(list(masks), frame.width, frame.height)
            messages.append((self._labels, to_image(labels, 'mono8', header)))
            messages.append((self._confidence, to_image(confidence, 'mono8', header)))
        if _heard(self._overlay):
            picture = draw(frame.pixels, list(masks))
            messages.append((self._overlay, to_image(picture, 'rgb8', header)))
        return messages


def _heard(publisher: Publisher) -> bool:
    return bool(publisher.get_subscription_count())


def _sum(timing: Timing) -> float:
    """Capture to published: the stages follow one another without gaps that matter."""
    stages = (
        timing.receive,
        timing.queue,
        timing.preprocess,
        timing.inference,
        timing.decode,
        timing.publish,
    )
    return sum(stage for stage in stages if stage == stage)  # NaN differs from itself


def _label_info(node: Node) -> Publisher | None:
    """Announce the meaning of label values once, for whoever comes later, too."""
    try:
        from vision_msgs.msg import LabelInfo, VisionClass
    except ImportError:
        return None
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    publisher = node.create_publisher(LabelInfo, '~/label_info', latched)
    classes = [VisionClass(class_id=0, class_name='nothing')]
    classes += [VisionClass(class_id=i, class_name=f'object_{i}') for i in range(1, 255)]
    info = LabelInfo(class_map=classes, threshold=0.5)
    info.header.stamp = node.get_clock().now().to_msg()
    publisher.publish(info)
    return publisher
