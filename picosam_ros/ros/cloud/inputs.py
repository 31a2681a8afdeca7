"""What a cloud is made of: label mask, confidence and depth of one moment, and the calibration."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from picosam_ros.errors import CalibrationError, ImageError
from picosam_ros.ros.camera.camera_info import CameraInfoSubscription
from picosam_ros.ros.cloud.time_sync import SyncStatistics, make_synchronizer
from picosam_ros.ros.connections import Connection, connections_of
from picosam_ros.ros.diagnostics import ERROR, OK, WARN, Status
from picosam_ros.ros.guarded_node import GuardedNode
from picosam_ros.ros.stream_health import Expected, Source, input_status
from picosam_ros.spatial.pinhole import Pinhole
from picosam_ros.stream_stats import StreamMonitor
from picosam_ros.wire.images import RawImage
from picosam_ros.wire.messages import read_image

_ADVICE = {
    'label_mask': 'is the segmenter running? (remap label_mask:=segmenter/label_mask)',
    'confidence': 'is the segmenter running? (remap confidence:=segmenter/confidence)',
    'depth': 'is the depth camera running? (remap depth:=TOPIC) Without one set mode to ground',
}


class CloudInputs:
    """Subscribes to images, best effort, and hands over those of one moment.

    What a node of this process publishes is taken from it, in its thread.

    Args:
        node: owns the topics.
        names: of the image topics; their RawImages are handed over in this order.
        on_set: takes them; it must not block.
        queue_size, slop_s: see TimeSynchronizer.

    Attributes:
        refused: images that could not be read, by topic.

    """

    def __init__(
        self,
        node: GuardedNode,
        names: Sequence[str],
        on_set: Callable[..., None],
        *,
        queue_size: int,
        slop_s: float,
    ) -> None:
        self.refused: Counter[str] = Counter()
        self._node = node
        self._names = tuple(names)
        self._on_set = on_set
        self._slop_s = slop_s
        self._statistics = SyncStatistics(names)
        self._arrivals = {name: StreamMonitor() for name in names}
        self._complaints: dict[str, str] = {}
        self._synchronizer = make_synchronizer(
            len(names), self._matched, queue_size=queue_size, slop_s=slop_s
        )
        self._calibrations = CameraInfoSubscription(node)
        self._lock = threading.Lock()
        self._subscriptions = [self._subscribe(name) for name in names]

    def camera(self, *, rectified: bool) -> tuple[Pinhole, str]:
        """Give the newest calibration and its frame id.

        Raises:
            CalibrationError: none came, or zeros did.

        """
        return self._calibrations.pinhole(rectified=rectified), self._calibrations.frame_id

    def destroy(self) -> None:
        """Take the topics away."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._calibrations.destroy()
        # Let go of now, not by the garbage collector: tens of images may wait.
        self._synchronizer.clear()

    def report(self, *, max_age_s: float, rectified: bool) -> Mapping[str, Status]:
        """Component to status: each input, and the matches."""
        connections = {each.topic: each for each in connections_of(self._node) if each.published}
        return {
            **{name: self._input(name, max_age_s, connections) for name in self._names},
            'camera_info': self._calibration(rectified, connections),
            'matches': self._matches(),
        }

    def _subscribe(self, name: str) -> Any:
        local = self._node.create_local_subscription(name, partial(self._add, name))
        return local or self._node.create_subscription(
            Image, name, partial(self._on_image, name), qos_profile_sensor_data, raw=True
        )

    def _on_image(self, name: str, serialised: bytes) -> None:
        try:
            image = read_image(serialised)
        except ImageError as error:
            self.refused[name] += 1
            self._complaints[name] = str(error)
            self._arrivals[name].add_unreadable()
            return
        self._add(name, image)

    def _add(self, name: str, image: RawImage) -> None:
        received_ns = self._node.get_clock().now().nanoseconds
        self._arrivals[name].add(image.stamp_ns, received_ns, image.frame_id)
        with self._lock:
            if self._statistics.add(name, image.stamp_ns):
                self._synchronizer.clear()
            self._synchronizer.add(self._names.index(name), image.stamp_ns, image)

    def _matched(self, *images: RawImage) -> None:
        self._statistics.match()
        self._on_set(*images)

    def _input(self, name: str, max_age_s: float, connections: Mapping[str, Connection]) -> Status:
        values: dict[str, Any] = {'arrived': self._statistics.counts[name]}
        complaint = self._complaints.pop(name, '')
        if complaint:
            return Status(WARN, complaint, {**values, 'refused': self.refused[name]})
        topic = self._topic(name)
        expected = Expected(max_age_s=max_age_s)
        stats = self._arrivals[name].stats()
        source, connection = Source(topic, _ADVICE[name]), connections.get(topic)
        return input_status(stats, expected, source, connection, values)

    def _calibration(self, rectified: bool, connections: Mapping[str, Connection]) -> Status:
        connection = connections.get(self._topic('camera_info'))
        try:
            camera, frame_id = self.camera(rectified=rectified)
        except CalibrationError as error:
            incompatible = connection.incompatible if connection is not None else ()
            return Status(ERROR, '; '.join([str(error), *incompatible]))
        values = {
            'size': f'{camera.width}×{camera.height}',
            'fx, fy, cx, cy': f'{camera.fx:g}, {camera.fy:g}, {camera.cx:g}, {camera.cy:g}',
            'distortion': camera.lens or 'none',
            'frame_id': frame_id,
        }
        return Status(OK, 'the camera is calibrated', values)

    def _matches(self) -> Status:
        statistics = self._statistics
        values = {
            **{f'{name} arrived': count for name, count in statistics.counts.items()},
            'sets': statistics.matches,
            'matched by': self._synchronizer.name,
            **{
                f'{name} newest minus {self._names[0]} ms': f'{ms:+.1f}'
                for name, ms in statistics.gaps_ms().items()
            },
        }
        complaint = statistics.explain(round(1e9 * self._slop_s))
        if complaint:
            return Status(WARN, complaint, values)
        return Status(OK, 'the inputs match' if statistics.matches else 'waiting for a set', values)

    def _topic(self, name: str) -> str:
        return str(self._node.resolve_topic_name(name))
