"""`~/segment`, `~/clear_prompts` and `~/enable`."""

from __future__ import annotations

import threading
from collections.abc import Callable

from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Image
from std_srvs.srv import SetBool, Trigger

from picosam_ros.engines.everything import BUDGET_S
from picosam_ros.errors import PicosamError, PromptError
from picosam_ros.frame import Frame
from picosam_ros.mask import Mask
from picosam_ros.msg import MaskArray
from picosam_ros.prompts.recent_frames import RecentFrames
from picosam_ros.results import Unanswered
from picosam_ros.ros.callback_thread import CallbackThread
from picosam_ros.ros.guarded_node import GuardedNode
from picosam_ros.ros.messages import from_time, to_frame, to_prompt, to_raw_image
from picosam_ros.segmenter import Segmenter
from picosam_ros.srv import Segment
from picosam_ros.wire.messages import serialise_masks
from picosam_ros.wire.value_range import ValueScale

INTERRUPTED = (
    'the node was deactivated, cleaned up or shut down while this was computed; ask again once '
    'it is configured'
)


class Services:
    """The services of a Segmenter.

    rclpy sends a response when the callback returns: `~/segment`, which waits for its own inference
    and the one in progress, has a thread of its own, and the other services are answered meanwhile.

    Args:
        node: owns the services.
        segmenter: answers `~/segment` and is cleared.
        publish_lock: held while prompts are cleared, see Outputs.
        enable: switches the masks on and off.
        recent: images that a call may mean without sending them.
        roi_size: returns the side of the square for prompts on those that leave it open, in pixels.

    """

    def __init__(
        self,
        node: GuardedNode,
        segmenter: Segmenter,
        publish_lock: threading.Lock,
        enable: Callable[[bool], None],
        *,
        recent: RecentFrames,
        roi_size: Callable[[], int],
    ) -> None:
        self._node = node
        self._segmenter = segmenter
        self._recent = recent
        self._roi_size = roi_size
        self._publish_lock = publish_lock
        self._enable = enable
        self._thread = CallbackThread(node)
        # Held while a call is answered.
        self._running = threading.Lock()
        group = self._thread.group
        self._services = [
            node.create_service(Segment, '~/segment', self._on_segment, callback_group=group),
            node.create_service(Trigger, '~/clear_prompts', self._on_clear),
            node.create_service(SetBool, '~/enable', self._on_enable),
        ]
        self._thread.start()

    def wait(self) -> None:
        """Wait for the call of `~/segment` that runs now; one that follows it is not waited for."""
        with self._running:
            pass

    def destroy(self) -> None:
        """Destroy the services."""
        self._thread.stop()
        for service in self._services:
            self._node.destroy_service(service)

    def _on_segment(self, request: Segment.Request, response: Segment.Response) -> Segment.Response:
        # Interrupted, it leaves at once, so that who waits has its turn.
        if not self._segmenter.engine.interrupted:
            with self._running:
                return self._segment(request, response)
        response.message = INTERRUPTED
        return response

    def _segment(self, request: Segment.Request, response: Segment.Response) -> Segment.Response:
        masks: tuple[Mask, ...]
        unanswered: tuple[Unanswered, ...]
        try:
            kept = _is_header_alone(request.image)
            frame = self._kept(request.image) if kept else self._given(request.image)
            if request.everything:
                masks, unanswered = self._everything(frame, request, response), ()
            else:
                roi_size = self._roi_size() if kept else 0
                prompts = [to_prompt(message, roi_size) for message in request.prompts]
                result = self._segmenter.segment(frame, prompts)
                masks, unanswered = result.masks, result.unanswered
        except PicosamError as error:
            response.message = str(error)
            return response
        if self._segmenter.engine.interrupted:
            response.message = INTERRUPTED
            return response
        response.success = True
        serialised = serialise_masks(frame, masks, unanswered)
        response.masks = deserialize_message(serialised, MaskArray)
        return response

    def _given(self, image: Image) -> Frame:
        now_ns = self._node.get_clock().now().nanoseconds
        scale = ValueScale(self._node.get_parameter('value_range').value)
        return to_frame(to_raw_image(image), now_ns, scale)

    def _kept(self, image: Image) -> Frame:
        stamp_ns = from_time(image.header.stamp, PromptError)
        return self._recent.kept(stamp_ns, image.header.frame_id)

    def _everything(
        self, frame: Frame, request: Segment.Request, response: Segment.Response
    ) -> tuple[Mask, ...]:
        if request.prompts:
            raise PromptError(
                f'{len(request.prompts)} prompts were given together with everything, which looks '
                'for all things itself; leave them out, or set everything to false'
            )
        found = self._segmenter.everything(frame, request.budget or BUDGET_S)
        response.asked, response.planned = found.asked, found.planned
        return found.masks

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


def _is_header_alone(image: Image) -> bool:
    return not (image.width or image.height or image.data)
