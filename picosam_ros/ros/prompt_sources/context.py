"""What a prompt source works with: the prompt store, the images, and the topic of the answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from rclpy.node import Node
from std_msgs.msg import Header

from picosam_ros.frame import Frame
from picosam_ros.msg import PromptStatus
from picosam_ros.prompts.recent_frames import RecentFrames
from picosam_ros.prompts.store import PromptStore
from picosam_ros.results import Answer, PromptState
from picosam_ros.ros.diagnostics import OK, WARN, Status
from picosam_ros.ros.messages import from_time, to_status
from picosam_ros.spatial.pinhole import Pinhole

# Every prompt is answered, also those of a second in which the executor was busy.
QUEUE = 1000


class PromptSource(Protocol):
    """Subscribes to topics and puts what they bring into the store."""

    def destroy(self) -> None:
        """Unsubscribe."""


class PromptContext:
    """Shared by the prompt sources of a node; publishes `~/prompt_status`.

    Args:
        node: owns the topics.
        store: gets the prompts.
        publish_lock: held while an answer is published, see Outputs.
        recent: the frames that prompts may be made for.
        max_age: returns how old a prompt may be, in seconds, see RecentFrames.
        roi_size: returns the side of the square for prompts that leave it open, in pixels.
        calibration: returns the camera that 3-D points are projected into.

    """

    def __init__(
        self,
        node: Node,
        store: PromptStore,
        publish_lock: threading.Lock,
        *,
        recent: RecentFrames,
        max_age: Callable[[], float],
        roi_size: Callable[[], int],
        calibration: Callable[[], Pinhole],
    ) -> None:
        self.node = node
        self.store = store
        self.recent = recent
        self.roi_size = roi_size
        self.calibration = calibration
        self._publish_lock = publish_lock
        self._max_age = max_age
        self._unreported = self._last_refusal = ''
        self._status = node.create_publisher(PromptStatus, '~/prompt_status', QUEUE)

    def find(self, header: Header) -> Frame | None:
        """Return the frame that a prompt was made for; None for the next one.

        Raises:
            PromptError: see RecentFrames.find.

        """
        return self.recent.find(
            from_time(header.stamp),
            header.frame_id,
            now_ns=self.node.get_clock().now().nanoseconds,
            max_age_s=self._max_age(),
        )

    def publish(self, answer: Answer, header: Header | None = None) -> None:
        """Publish an answer under the prompt's header, and log it if the prompt was changed."""
        if header is None or not (header.stamp.sec or header.stamp.nanosec):
            frame_id = header.frame_id if header else ''
            header = Header(stamp=self.node.get_clock().now().to_msg(), frame_id=frame_id)
        with self._publish_lock:
            self._status.publish(to_status(answer, header))
        if answer.state == PromptState.REFUSED:
            self._unreported = self._last_refusal = f'object {answer.object_id}: {answer.reason}'
        if answer.state != PromptState.ACCEPTED:
            self.node.get_logger().warning(
                f'prompt for object {answer.object_id} {answer.state.name.lower()}: '
                f'{answer.reason}',
                throttle_duration_sec=1.0,
            )

    def report(self) -> Status:
        """Return its part of the diagnostics; each refusal is the message once."""
        values = {'last refusal': self._last_refusal or 'none'}
        if self._unreported:
            refusal, self._unreported = self._unreported, ''
            return Status(WARN, f'a prompt was refused: {refusal}', values)
        return Status(OK, 'the answer to every prompt is on ~/prompt_status', values)

    def destroy(self) -> None:
        """Destroy the topic of the answers."""
        self.node.destroy_publisher(self._status)
