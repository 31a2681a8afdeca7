"""Takes prompts from topics; each gets an answer on `~/prompt_status`."""

from __future__ import annotations

import threading
from collections.abc import Callable

from geometry_msgs.msg import Point as PointMessage
from geometry_msgs.msg import PointStamped
from rclpy.node import Node
from std_msgs.msg import Header

from picosam_ros.frame import Frame
from picosam_ros.msg import Prompt as PromptMessage
from picosam_ros.msg import PromptStatus
from picosam_ros.prompt import Prompt
from picosam_ros.prompts.recent_frames import RecentFrames
from picosam_ros.results import Answer, State
from picosam_ros.ros.diagnostics import OK, WARN, Status
from picosam_ros.ros.messages import from_time, to_points, to_prompt, to_status
from picosam_ros.ros.prompt_sources.clicked_point import Clicked, Pixel
from picosam_ros.ros.prompt_sources.detections import Detections
from picosam_ros.segmenter import Segmenter
from picosam_ros.spatial.pinhole import Pinhole

# Every prompt is answered, also those of a second in which the executor was held up.
_QUEUE = 1000
CLICKED_ID = 1


class Inputs:
    """All topics that bring prompts, to a Segmenter.

    Args:
        node: owns the topics.
        segmenter: gets the prompts.
        turn: held while an answer is published, see Outputs.
        recent: the images that prompts may be made for.
        max_age: reads how old a prompt may be, in seconds, see RecentFrames.
        roi_size: reads the side of the ROI for prompts that leave it open, in pixels.
        calibration: gives the camera that clicks in 3-D are projected into.

    """

    def __init__(
        self,
        node: Node,
        segmenter: Segmenter,
        turn: threading.Lock,
        *,
        recent: RecentFrames,
        max_age: Callable[[], float],
        roi_size: Callable[[], int],
        calibration: Callable[[], Pinhole],
    ) -> None:
        self._node = node
        self._segmenter = segmenter
        self._turn = turn
        self._recent = recent
        self._max_age = max_age
        self._roi_size = roi_size
        self._refusal = self._last_refusal = ''
        self._status = node.create_publisher(PromptStatus, '~/prompt_status', _QUEUE)
        self._subscriptions = [
            node.create_subscription(PointStamped, 'prompt_point', self._on_point, _QUEUE),
            node.create_subscription(PointMessage, 'image_mouse_left', self._on_click, _QUEUE),
            node.create_subscription(PointMessage, '~/overlay_mouse_left', self._on_click, _QUEUE),
            node.create_subscription(PromptMessage, 'prompt', self._on_prompt, _QUEUE),
        ]
        self._clicked = Clicked(node, recent, calibration, self._on_pixel)
        self._detections = Detections(node, segmenter, self._bind, self.tell, roi_size)

    def tell(self, answer: Answer, header: Header | None = None) -> None:
        """Publish an answer, and log what did not go as the user meant it."""
        if header is None or not (header.stamp.sec or header.stamp.nanosec):
            frame_id = header.frame_id if header else ''
            header = Header(stamp=self._node.get_clock().now().to_msg(), frame_id=frame_id)
        with self._turn:
            self._status.publish(to_status(answer, header))
        if answer.state == State.REFUSED:
            self._refusal = self._last_refusal = f'object {answer.object_id}: {answer.reason}'
        if answer.state != State.ACCEPTED:
            self._node.get_logger().warning(
                f'prompt for object {answer.object_id} {answer.state.name.lower()}: '
                f'{answer.reason}',
                throttle_duration_sec=1.0,
            )

    def report(self) -> Status:
        """Its part of the diagnostics; a refusal is the message once."""
        values = {'last refusal': self._last_refusal or 'none'}
        if self._refusal:
            refusal, self._refusal = self._refusal, ''
            return Status(WARN, f'a prompt was refused: {refusal}', values)
        return Status(OK, 'the answer to every prompt is on ~/prompt_status', values)

    def destroy(self) -> None:
        """Take the topics away."""
        self._clicked.destroy()
        self._detections.destroy()
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._node.destroy_publisher(self._status)

    def _on_point(self, message: PointStamped) -> None:
        point, header = message.point, message.header
        self.tell(self._click(lambda: (point.x, point.y), lambda: self._bind(header)), header)

    def _on_click(self, message: PointMessage) -> None:
        self.tell(self._click(lambda: (message.x, message.y)))

    def _on_pixel(self, pixel: Callable[[], Pixel], header: Header) -> None:
        self.tell(self._click(pixel), header)

    def _click(
        self, pixel: Callable[[], Pixel], bind: Callable[[], Frame | None] = lambda: None
    ) -> Answer:
        return self._segmenter.put(
            lambda: Prompt.from_point(*pixel(), object_id=CLICKED_ID, roi_size=self._roi_size()),
            object_id=CLICKED_ID,
            bind=bind,
        )

    def _bind(self, header: Header) -> Frame | None:
        return self._recent.bind(
            from_time(header.stamp),
            header.frame_id,
            now_ns=self._node.get_clock().now().nanoseconds,
            max_age_s=self._max_age(),
        )

    def _on_prompt(self, message: PromptMessage) -> None:
        actions = {
            PromptMessage.SET: self._set,
            PromptMessage.REFINE: self._refine,
            PromptMessage.REMOVE: self._remove,
        }
        act = actions.get(message.action, self._refuse)
        self.tell(act(message), message.header)

    def _set(self, message: PromptMessage) -> Answer:
        return self._segmenter.put(
            lambda: to_prompt(message, self._roi_size()),
            object_id=message.object_id,
            bind=lambda: self._bind(message.header),
        )

    def _refine(self, message: PromptMessage) -> Answer:
        return self._segmenter.refine(
            message.object_id,
            lambda: to_points(message),
            bind=lambda: self._bind(message.header),
        )

    def _remove(self, message: PromptMessage) -> Answer:
        return self._segmenter.remove(message.object_id)

    def _refuse(self, message: PromptMessage) -> Answer:
        return self._segmenter.refuse(
            message.object_id,
            f'action {message.action} was given; allowed are 0 (SET), 1 (REFINE), 2 (REMOVE)',
        )
