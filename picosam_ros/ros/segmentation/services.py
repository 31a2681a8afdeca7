"""`~/segment`, `~/clear_prompts` and `~/enable`."""

from __future__ import annotations

import threading
from collections.abc import Callable

from rclpy.node import Node
from rclpy.serialization import deserialize_message
from std_srvs.srv import SetBool, Trigger

from picosam_ros.errors import PicosamError
from picosam_ros.msg import MaskArray
from picosam_ros.ros.messages import to_frame, to_prompt, to_raw_image
from picosam_ros.segmenter import Segmenter
from picosam_ros.srv import Segment
from picosam_ros.wire.messages import serialise_masks


class Services:
    """The services of a Segmenter.

    rclpy sends a response when the callback returns, so `~/segment` blocks the executor while its
    own inference and the one in progress run. Meanwhile frames wait in the middleware's queue,
    and the newest wins.

    Args:
        node: owns the services.
        segmenter: answers `~/segment` and is cleared.
        publish_lock: held while prompts are cleared, see Outputs.
        enable: switches the masks on and off.

    """

    def __init__(
        self,
        node: Node,
        segmenter: Segmenter,
        publish_lock: threading.Lock,
        enable: Callable[[bool], None],
    ) -> None:
        self._node = node
        self._segmenter = segmenter
        self._publish_lock = publish_lock
        self._enable = enable
        self._services = [
            node.create_service(Segment, '~/segment', self._on_segment),
            node.create_service(Trigger, '~/clear_prompts', self._on_clear),
            node.create_service(SetBool, '~/enable', self._on_enable),
        ]

    def destroy(self) -> None:
        """Destroy the services."""
        for service in self._services:
            self._node.destroy_service(service)

    def _on_segment(self, request: Segment.Request, response: Segment.Response) -> Segment.Response:
        try:
            frame = to_frame(to_raw_image(request.image), self._node.get_clock().now().nanoseconds)
            prompts = [to_prompt(message) for message in request.prompts]
            result = self._segmenter.segment(frame, prompts)
        except PicosamError as error:
            response.message = str(error)
            return response
        response.success = True
        serialised = serialise_masks(frame, result.masks, result.unanswered)
        response.masks = deserialize_message(serialised, MaskArray)
        return response

    def _on_clear(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        with self._publish_lock:
            count = self._segmenter.prompts.clear()
        response.success = True
        response.message = f'{count} objects cleared'
        return response

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._enable(request.data)
        response.success = True
        response.message = 'masks are on' if request.data else 'masks are off'
        return response
