"""What a prompt source works with: the prompt store, the images, and the topic of the answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import Header

from picosam_ros.errors import PromptError
from picosam_ros.frame import Frame
from picosam_ros.msg import PromptStatus
from picosam_ros.prompts.gaps import SequenceGaps
from picosam_ros.prompts.recent_frames import RecentFrames
from picosam_ros.prompts.store import PromptStore
from picosam_ros.results import Answer, PromptState
from picosam_ros.ros.callback_thread import CallbackThread
from picosam_ros.ros.diagnostics import OK, WARN, Status
from picosam_ros.ros.guarded_node import RECENT_S, GuardedNode
from picosam_ros.ros.messages import from_time, to_status
from picosam_ros.spatial.pinhole import Pinhole

# The answers of a second.
QUEUE = 1000

# Nothing that has arrived is replaced by what comes later: where the node is behind, a reliable
# publisher keeps what is not taken yet, as much as its own depth allows.
PROMPTS = QoSProfile(history=HistoryPolicy.KEEP_ALL, reliability=ReliabilityPolicy.RELIABLE)


class PromptContext:
    """Shared by the prompt sources of a node; publishes `~/prompt_status`.

    Prompts are taken in a thread of their own, so that none waits for what the executor does.

    Args:
        node: owns the topics.
        store: gets the prompts.
        publish_lock: held while an answer is published, see Outputs.
        recent: the frames that prompts may be made for.
        max_age: returns how old a prompt may be, in seconds, see RecentFrames.
        roi_size: returns the side of the square for prompts that leave it open, in pixels.
        calibration: returns the camera that 3-D points are projected into.
        clicked: called with the stamp of an image that a prompt was made for; 0 for the newest.

    """

    def __init__(
        self,
        node: GuardedNode,
        store: PromptStore,
        publish_lock: threading.Lock,
        *,
        recent: RecentFrames,
        max_age: Callable[[], float],
        roi_size: Callable[[], int],
        calibration: Callable[[], Pinhole],
        clicked: Callable[[int], None],
    ) -> None:
        self.node = node
        self.store = store
        self.recent = recent
        self.roi_size = roi_size
        self.calibration = calibration
        self._clicked = clicked
        self._publish_lock = publish_lock
        self._max_age = max_age
        self._thread = CallbackThread(node)
        self._end = ExitStack()
        self._unreported = self._last_refusal = ''
        # Not the event of the middleware that tells a loss: to take it while messages are lost is
        # a deadlock with Fast DDS (ros2/rmw_fastrtps#890).
        self._gaps: list[SequenceGaps] = []
        self._lost = 0
        self._lost_until = 0.0
        self._status = node.create_publisher(PromptStatus, '~/prompt_status', QUEUE)
        self.at_end(node.destroy_publisher, self._status)

    def subscribe(self, kind: type, topic: str, callback: Callable[[Any], None]) -> None:
        """Subscribe to a topic of prompts, before `start`; until `destroy`."""

        def take(message: Any, info: Mapping[str, Any]) -> None:
            gaps.add(info.get('publication_sequence_number'))
            callback(message)

        subscription = self.node.create_subscription(
            kind, topic, take, PROMPTS, callback_group=self._thread.group
        )
        gaps = SequenceGaps(subscription.get_publisher_count)
        self._gaps.append(gaps)
        self.at_end(self.node.destroy_subscription, subscription)

    def at_end(self, function: Callable[..., object], *arguments: object) -> None:
        """Call a function in `destroy`, once no more prompts are taken; the last one first."""
        self._end.callback(function, *arguments)

    def start(self) -> None:
        """Take prompts."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more prompts, and return once the last one is answered."""
        self._thread.stop()

    def find(self, header: Header) -> Frame | None:
        """Return the frame that a prompt was made for; None for the next one.

        Raises:
            PromptError: see RecentFrames.find; or the stamp is none.

        """
        stamp_ns = from_time(header.stamp, PromptError)
        found = None
        try:
            found = self.recent.find(
                stamp_ns,
                header.frame_id,
                now_ns=self.node.get_clock().now().nanoseconds,
                max_age_s=self._max_age(),
            )
        finally:
            # Also if it is refused: the viewer sends it again, for the newest image.
            if stamp_ns:
                self._clicked(found.stamp_ns if found is not None else 0)
        return found

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
        lost, now = sum(gaps.lost for gaps in self._gaps), time.monotonic()
        if lost > self._lost:
            self._lost, self._lost_until = lost, now + RECENT_S
            self.node.get_logger().warning(_lost_sentence(lost))
        values = {'last refusal': self._last_refusal or 'none', 'lost': lost}
        if now < self._lost_until:
            return Status(WARN, _lost_sentence(lost), values)
        if self._unreported:
            refusal, self._unreported = self._unreported, ''
            return Status(WARN, f'a prompt was refused: {refusal}', values)
        return Status(OK, 'the answer to every prompt is on ~/prompt_status', values)

    def destroy(self) -> None:
        """Take no more prompts, and destroy the topics."""
        self.stop()
        self._end.close()


def _lost_sentence(count: int) -> str:
    return (
        f'{count} prompts were lost before this node could take them, and have no answer: publish '
        'fewer in a second, or give the publisher a deeper queue (QoS history depth)'
    )
