"""Takes prompts from topics; each gets an answer on `~/prompt_status`."""

from __future__ import annotations

import threading
from collections.abc import Callable

from geometry_msgs.msg import Point as PointMessage
from geometry_msgs.msg import PointStamped
from rclpy.node import Node
from std_msgs.msg import Header

from picosam_ros.msg import Prompt as PromptMessage
from picosam_ros.msg import PromptStatus
from picosam_ros.prompt import Prompt
from picosam_ros.ros.messages import to_points, to_prompt, to_status
from picosam_ros.segmenter import Answer, Segmenter, State

# Every prompt is answered, also those of a second in which the executor was held up.
_QUEUE = 1000
CLICKED_ID = 1


class Inputs:
    """`prompt_point`, `prompt`, and clicks of rqt_image_view, to a Segmenter.

    Args:
        node: owns the topics.
        segmenter: gets the prompts.
        turn: held while an answer is published, see Outputs.
        roi_size: reads the side of the ROI for prompts that leave it open, in pixels.

    """

    def __init__(
        self, node: Node, segmenter: Segmenter, turn: threading.Lock, roi_size: Callable[[], int]
    ) -> None:
        self._node = node
        self._segmenter = segmenter
        self._turn = turn
        self._roi_size = roi_size
        self._status = node.create_publisher(PromptStatus, '~/prompt_status', _QUEUE)
        self._subscriptions = [
            node.create_subscription(PointStamped, 'prompt_point', self._on_point, _QUEUE),
            node.create_subscription(PointMessage, 'image_mouse_left', self._on_click, _QUEUE),
            node.create_subscription(PointMessage, '~/overlay_mouse_left', self._on_click, _QUEUE),
            node.create_subscription(PromptMessage, 'prompt', self._on_prompt, _QUEUE),
        ]

    def tell(self, answer: Answer, header: Header | None = None) -> None:
        """Publish an answer, and log what did not go as the user meant it."""
        if header is None or not (header.stamp.sec or header.stamp.nanosec):
            frame_id = header.frame_id if header else ''
            header = Header(stamp=self._node.get_clock().now().to_msg(), frame_id=frame_id)
        with self._turn:
            self._status.publish(to_status(answer, header))
        if answer.state != State.ACCEPTED:
            self._node.get_logger().warning(
                f'prompt for object {answer.object_id} {answer.state.name.lower()}: '
                f'{answer.reason}',
                throttle_duration_sec=1.0,
            )

    def destroy(self) -> None:
        """Take the topics away."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._node.destroy_publisher(self._status)

    def _on_point(self, message: PointStamped) -> None:
        self.tell(self._click(message.point), message.header)

    def _on_click(self, message: PointMessage) -> None:
        self.tell(self._click(message))

    def _click(self, point: PointMessage) -> Answer:
        return self._segmenter.put(
            lambda: Prompt.at(point.x, point.y, object_id=CLICKED_ID, roi_size=self._roi_size()),
            object_id=CLICKED_ID,
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
            lambda: to_prompt(message, self._roi_size()), object_id=message.object_id
        )

    def _refine(self, message: PromptMessage) -> Answer:
        return self._segmenter.refine(message.object_id, lambda: to_points(message))

    def _remove(self, message: PromptMessage) -> Answer:
        return self._segmenter.remove(message.object_id)

    def _refuse(self, message: PromptMessage) -> Answer:
        return self._segmenter.refuse(
            message.object_id,
            f'action {message.action} was given; allowed are 0 (SET), 1 (REFINE), 2 (REMOVE)',
        )
