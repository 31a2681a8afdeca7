"""Publishes results: each topic is filled only while somebody listens."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import CompressedImage, Image

from picosam_ros.drawing.overlay import draw
from picosam_ros.frame import Frame
from picosam_ros.latency import Timing
from picosam_ros.mask import Mask, label_image
from picosam_ros.msg import Latency, MaskArray
from picosam_ros.results import Result
from picosam_ros.ros.messages import header_of, to_image, to_jpeg, to_latency
from picosam_ros.segmenter import Segmenter
from picosam_ros.wire.mask_array import serialise_masks

_QUEUE = 10


class Outputs:
    """`~/masks`, `~/label_mask`, `~/confidence`, `~/overlay`, `~/latency`, `~/label_info`.

    `~/overlay/compressed` is its JPEG, as image_transport names it. Everything carries the header
    of the image that it was computed from.

    Args:
        node: owns the topics.
        segmenter: tells which masks are still wanted.
        turn: held while masks are published, so that none of them follows the answer to a prompt
            that replaced or removed its object.

    """

    def __init__(self, node: Node, segmenter: Segmenter, turn: threading.Lock) -> None:
        self._node = node
        self._segmenter = segmenter
        self._turn = turn
        self._masks = node.create_publisher(MaskArray, '~/masks', _QUEUE)
        self._labels = node.create_publisher(Image, '~/label_mask', _QUEUE)
        self._confidence = node.create_publisher(Image, '~/confidence', _QUEUE)
        self._overlay = node.create_publisher(Image, '~/overlay', _QUEUE)
        self._jpeg = node.create_publisher(CompressedImage, '~/overlay/compressed', _QUEUE)
        self._latency = node.create_publisher(Latency, '~/latency', _QUEUE)
        self._label_info = _label_info(node)

    def publish(
        self, result: Result, *, offered: float, queue_ms: float, frames: int, dropped: int
    ) -> Timing:
        """Publish one result and return its complete timing, which `~/latency` carries.

        Args:
            result: of one frame.
            offered: when the frame was offered, on time.perf_counter's clock.
            queue_ms: how long it waited then.
            frames, dropped: since activation.

        """
        begun = time.perf_counter()
        age_ms = (result.frame.received_ns - result.frame.stamp_ns) / 1e6
        captured = offered - age_ms / 1e3
        messages = self._messages(result, captured)
        with self._turn:
            current = self._segmenter.current(result.masks)
            if len(current) < len(result.masks):
                result = replace(result, masks=current)
                messages = self._messages(result, captured)
            decoded = time.perf_counter()
            for publisher, message in messages:
                publisher.publish(message)
        published = time.perf_counter()
        sensor = (result.timing.exposure, result.timing.dnn, result.timing.dsp)
        timing = replace(
            result.timing,
            receive=age_ms - sum(stage for stage in sensor if not math.isnan(stage)),
            queue=queue_ms,
            decode=result.timing.decode + 1e3 * (decoded - begun),
            publish=1e3 * (published - decoded),
            total=age_ms + 1e3 * (published - offered),
        )
        self._latency.publish(
            to_latency(
                result.frame, timing, prompts=len(result.masks), frames=frames, dropped=dropped
            )
        )
        return timing

    def publish_earlier(self, frame: Frame, masks: Sequence[Mask]) -> None:
        """Publish what was answered later on an earlier image, on `~/masks` alone.

        Its other topics went out with the image itself: to each image belongs one of them.
        """
        if not _heard(self._masks):
            return
        with self._turn:
            current = self._segmenter.current(masks)
            if current:
                self._masks.publish(serialise_masks(frame, current, ()))

    def destroy(self) -> None:
        """Take the topics away."""
        topics = (
            self._masks,
            self._labels,
            self._confidence,
            self._overlay,
            self._jpeg,
            self._latency,
            self._label_info,
        )
        for publisher in topics:
            if publisher is not None:
                self._node.destroy_publisher(publisher)

    def _messages(
        self, result: Result, captured: float
    ) -> list[tuple[Publisher, bytes | Image | CompressedImage]]:
        frame, masks = result.frame, result.masks
        messages = []
        if _heard(self._masks):
            messages.append((self._masks, serialise_masks(frame, masks, result.unanswered)))
        if _heard(self._labels) or _heard(self._confidence):
            header = header_of(frame)
            labels, confidence = label_image(list(masks), frame.width, frame.height)
            messages.append((self._labels, to_image(labels, 'mono8', header)))
            messages.append((self._confidence, to_image(confidence, 'mono8', header)))
        raw, jpeg = _heard(self._overlay), _heard(self._jpeg)
        if raw or jpeg:
            header = header_of(frame)
            latency_ms = 1e3 * (time.perf_counter() - captured)
            picture = draw(frame.pixels, list(masks), latency_ms=latency_ms)
            if raw:
                messages.append((self._overlay, to_image(picture, 'rgb8', header)))
            if jpeg:
                messages.append((self._jpeg, to_jpeg(picture, header)))
        return messages


def _heard(publisher: Publisher) -> bool:
    return bool(publisher.get_subscription_count())


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
