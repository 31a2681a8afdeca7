"""Publishes results; a message is only made for a topic that has subscribers."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import CompressedImage, Image

from picosam_ros.drawing.overlay import colour_labels, draw
from picosam_ros.latency import Timing, completed
from picosam_ros.mask import label_image
from picosam_ros.msg import Latency, MaskArray
from picosam_ros.prompts.store import PromptStore
from picosam_ros.results import Result
from picosam_ros.ros.local_topics import LocalTopic, LocalTopics
from picosam_ros.ros.messages import header_of, to_jpeg
from picosam_ros.wire.images import raw_image
from picosam_ros.wire.messages import serialise_image, serialise_latency, serialise_masks

_QUEUE = 10
# What the other nodes of a process take there.
LOCAL_TOPICS = ('~/masks', '~/label_mask', '~/confidence')


class Outputs:
    """`~/masks`, `~/label_mask`, `~/confidence`, `~/overlay`, `~/latency`, `~/label_info`.

    `~/overlay/compressed` is the overlay as JPEG, as image_transport names it, and
    `~/label_mask/color` the label mask in the overlay's colours. Every message has the header of
    the image that it was computed from.

    Args:
        node: owns the topics.
        prompts: knows which masks are still current.
        publish_lock: held while masks are published, so that none of them follows the answer to a
            prompt that replaced or removed its object.
        local_topics: where the nodes of this process take masks (each item a Result), label mask
            and confidence (RawImages).

    """

    def __init__(
        self,
        node: Node,
        prompts: PromptStore,
        publish_lock: threading.Lock,
        local_topics: LocalTopics | None = None,
    ) -> None:
        self._node = node
        self._prompts = prompts
        self._publish_lock = publish_lock
        self._masks = node.create_publisher(MaskArray, '~/masks', _QUEUE)
        self._labels = node.create_publisher(Image, '~/label_mask', _QUEUE)
        self._coloured = node.create_publisher(Image, '~/label_mask/color', _QUEUE)
        self._confidence = node.create_publisher(Image, '~/confidence', _QUEUE)
        self._overlay = node.create_publisher(Image, '~/overlay', _QUEUE)
        self._jpeg = node.create_publisher(CompressedImage, '~/overlay/compressed', _QUEUE)
        self._latency = node.create_publisher(Latency, '~/latency', _QUEUE)
        self._label_info = _label_info(node)
        own = [node.resolve_topic_name(name) for name in LOCAL_TOPICS]
        local = local_topics or LocalTopics()
        self._local_masks, self._local_labels, self._local_confidence = map(local.declare, own)

    def publish(
        self, result: Result, *, offered: float, queue_ms: float, frames: int, dropped: int
    ) -> Timing:
        """Publish one result and return its complete timing, which `~/latency` carries.

        Args:
            result: of one frame.
            offered: when the frame was offered to the worker, by time.perf_counter.
            queue_ms: how long it then waited.
            frames, dropped: since activation.

        """
        begun = time.perf_counter()
        age_ms = (result.frame.received_ns - result.frame.stamp_ns) / 1e6
        captured = offered - age_ms / 1e3
        messages = self._messages(result, captured)
        with self._publish_lock:
            current = self._prompts.current(result.masks)
            if len(current) < len(result.masks):
                result = replace(result, masks=current)
                messages = self._messages(result, captured)
            decoded = time.perf_counter()
            for publisher, message in messages:
                publisher.publish(message)
        published = time.perf_counter()
        timing = completed(
            result.timing,
            age=age_ms,
            queue=queue_ms,
            decode=1e3 * (decoded - begun),
            publish=1e3 * (published - decoded),
            since_offer=1e3 * (published - offered),
        )
        self._latency.publish(
            serialise_latency(
                result.frame, timing, prompts=len(result.masks), frames=frames, dropped=dropped
            )
        )
        return timing

    def publish_late(self, result: Result) -> None:
        """Publish late masks of an earlier image, on `~/masks` alone.

        The other topics have one message for each image, which was published with the image.
        """
        remote, local = self._masks.get_subscription_count(), self._local_masks.wanted
        if not (remote or local):
            return
        with self._publish_lock:
            current = self._prompts.current(result.masks)
            if current and remote:
                self._masks.publish(serialise_masks(result.frame, current, ()))
            if current and local:
                self._local_masks.publish(replace(result, masks=current, unanswered=()))

    def destroy(self) -> None:
        """Destroy the publishers."""
        topics = (
            self._masks,
            self._labels,
            self._coloured,
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
    ) -> list[tuple[Publisher | LocalTopic, Any]]:
        frame, masks = result.frame, result.masks
        messages: list[tuple[Publisher | LocalTopic, Any]] = []
        if self._local_masks.wanted:
            messages.append((self._local_masks, result))
        if self._masks.get_subscription_count():
            messages.append((self._masks, serialise_masks(frame, masks, result.unanswered)))
        local = self._local_labels.wanted or self._local_confidence.wanted
        remote = self._labels.get_subscription_count() or self._confidence.get_subscription_count()
        coloured = self._coloured.get_subscription_count()
        if local or remote or coloured:
            labels, confidence = label_image(masks, frame.width, frame.height)
        if local:
            messages.append((self._local_labels, raw_image(frame, labels, 'mono8')))
            messages.append((self._local_confidence, raw_image(frame, confidence, 'mono8')))
        if remote:
            messages.append((self._labels, serialise_image(frame, labels, 'mono8')))
            messages.append((self._confidence, serialise_image(frame, confidence, 'mono8')))
        if coloured:
            messages.append((self._coloured, serialise_image(frame, colour_labels(labels), 'rgb8')))
        raw, jpeg = self._overlay.get_subscription_count(), self._jpeg.get_subscription_count()
        if raw or jpeg:
            latency_ms = 1e3 * (time.perf_counter() - captured)
            overlay = draw(frame.pixels, list(masks), latency_ms=latency_ms)
            if raw:
                messages.append((self._overlay, serialise_image(frame, overlay, 'rgb8')))
            if jpeg:
                messages.append((self._jpeg, to_jpeg(overlay, header_of(frame))))
        return messages


def _label_info(node: Node) -> Publisher | None:
    """Publish the meaning of label values once, latched."""
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
