"""Masks of prompts, or of all things, on an image that the node keeps: calls of its `~/segment`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from sensor_msgs.msg import Image
from std_msgs.msg import Header

from picosam_ros.errors import ImageError
from picosam_ros.ros.guarded_node import GuardedNode
from picosam_ros.ros.messages import to_prompt_message, to_time
from picosam_ros.ros.viewer.mask_messages import to_image_masks
from picosam_ros.srv import Segment
from picosam_ros.viewer.frames import ImageMasks
from picosam_ros.viewer.previews import timeout_s
from picosam_ros.viewer.requests import PreviewRequest


class SegmentCalls:
    """Asks without waiting. Thread-safe.

    Args:
        node: owns the client.
        name: of the segmentation node.
        answer: called with the number of a request, its masks, and why there are none. A node that
            has gone away leaves a request without an answer.
        clock: steady, in seconds.

    """

    def __init__(
        self,
        node: GuardedNode,
        name: str,
        answer: Callable[[int, ImageMasks, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._node = node
        self._answer = answer
        self._client = node.create_client(Segment, f'{name}/segment')
        self._clock = clock
        self._lock = threading.Lock()
        # With the time until which each is waited for.
        self._pending: dict[int, tuple[Any, float]] = {}

    def ask(self, number: int, request: PreviewRequest) -> None:
        """Send a request, the stamp in the place of its image."""
        if not self._client.service_is_ready():
            missing = f'there is no service {self._client.srv_name}: is the node running?'
            self._answer(number, ImageMasks(request.stamp_ns), missing)
            return
        image = Image(header=Header(stamp=to_time(request.stamp_ns)))
        prompts = [
            to_prompt_message(each.object_id, each.points, each.box, each.size_step)
            for each in request.prompts
        ]
        future = self._client.call_async(
            Segment.Request(
                image=image,
                prompts=prompts,
                everything=request.everything,
                budget=request.budget_s,
            )
        )
        with self._lock:
            self._forget_old()
            self._pending[number] = future, self._clock() + timeout_s(request)
        future.add_done_callback(partial(self._done, number, request))

    def destroy(self) -> None:
        """Destroy the client; nothing may be asked afterwards."""
        self._node.destroy_client(self._client)

    def _forget_old(self) -> None:
        for number, (future, until) in list(self._pending.items()):
            if until < self._clock():
                self._client.remove_pending_request(future)
                del self._pending[number]

    def _done(self, number: int, request: PreviewRequest, future: Any) -> None:
        with self._lock:
            self._pending.pop(number, None)
        try:
            response = future.result()
            reason = '' if response.success else response.message
            masks = _to_masks(response) if response.success else None
        # What the node sent is none: pixels that do not fill a mask are NumPy's ValueError.
        except (ImageError, ValueError) as error:
            masks, reason = None, str(error)
        # What a callback of a future raises ends the process (EventsExecutor).
        except Exception as error:  # noqa: BLE001
            self._node.callback_failed(error)
            masks, reason = None, str(error)
        self._answer(number, masks or ImageMasks(request.stamp_ns), reason)


def _to_masks(response: Any) -> ImageMasks:
    masks = to_image_masks(response.masks)
    return replace(masks, asked=response.asked, planned=response.planned)
