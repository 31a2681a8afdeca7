"""The topics between a segmentation node and the browsers that show it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.clock import Clock, ClockType
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from picosam_ros.errors import ImageError
from picosam_ros.frame import Pixels
from picosam_ros.msg import Latency, MaskArray, PromptStatus
from picosam_ros.msg import Prompt as PromptMessage
from picosam_ros.results import Answer, PromptState, Result
from picosam_ros.ros.guarded_node import GuardedNode
from picosam_ros.ros.messages import to_prompt_message, to_rgb, to_time, to_timing
from picosam_ros.ros.prompt_sources.shown_images import SHOWN_QOS
from picosam_ros.ros.retry import RetryingCall
from picosam_ros.ros.viewer.mask_messages import to_frame_masks
from picosam_ros.ros.viewer.prompt_sender import PromptSender
from picosam_ros.ros.viewer.scene_client import SceneClient
from picosam_ros.ros.viewer.segment_calls import SegmentCalls
from picosam_ros.status import Level
from picosam_ros.stream_stats import StreamMonitor
from picosam_ros.viewer.assembler import FrameAssembler, PendingImage, masks_of
from picosam_ros.viewer.messages import Component
from picosam_ros.viewer.requests import PreviewRequest, PromptRequest
from picosam_ros.viewer.server import Server
from picosam_ros.wire.images import RawImage
from picosam_ros.wire.messages import read_image
from picosam_ros.wire.value_range import ValueScale

_QUEUE = 10
# Every prompt is answered, also the prompts of a second in which the executor was busy.
_STATUS_QUEUE = 1000
# Poll period for viewer subscriptions, prompts that wait, and the answer of `clear_prompts`.
_POLL_PERIOD_S = 0.05
# Components are reported once a second; one that is not for so long is stale.
_SILENT_S = 5.0


class ViewerBridge:
    """Connects a segmentation node with the server that shows it to browsers.

    Large topics are subscribed only while a browser is connected and the bridge is active.

    Args:
        node: owns the topics; what a node of its process publishes is taken from that one.
        name: of the segmentation node.
        options: of the Server.

    Attributes:
        server: to be started by the caller.
        image_stats: rate and age of the received images.

    """

    def __init__(self, node: GuardedNode, name: str, **options: Any) -> None:
        self.server = Server(
            self,
            name=name,
            title=socket.gethostname(),
            prompt_topic=node.resolve_topic_name('prompt'),
            **options,
        )
        self.image_stats = StreamMonitor()
        self._hub = self.server.hub
        self._call = self.server.call
        self._assembler = FrameAssembler(
            lambda frame: self._call(self._hub.broadcast_frame, frame),
            on_late=lambda masks: self._call(self._hub.broadcast_late, masks),
        )
        self._node = node
        self._scale = ValueScale(node.get_parameter('value_range').value)
        self._name = node.resolve_topic_name(name)
        self._active = False
        self._image_error = ''
        self._refused_masks = 0
        # With the moment at which each was heard of, on the steady clock.
        self._components: dict[str, tuple[float, Component]] = {}
        self._subscriptions: list[Any] = []
        self._wanted = threading.Event()
        self._prompts = PromptSender(node)
        self._segment_calls = SegmentCalls(
            node,
            name,
            lambda number, masks, reason: self._call(
                self._hub.answer_preview, number, masks, reason
            ),
        )
        self._shown = node.create_publisher(Header, 'shown', SHOWN_QOS)
        self._client = node.create_client(Trigger, f'{name}/clear_prompts')
        self._scenes = SceneClient(node, name, self._offer_next_scene)
        self._clear_call = RetryingCall(
            self._client, lambda message: self._call(self._hub.broadcast_notice, message)
        )
        # Permanent: the answer to the first click must not precede the subscription's discovery.
        self._status_subscription = node.create_subscription(
            PromptStatus, f'{name}/prompt_status', self._on_status, _STATUS_QUEUE
        )
        # Polled, because EventsExecutor supports no guard conditions, and subscriptions may only
        # be created in its thread.
        self._timer = node.create_timer(
            _POLL_PERIOD_S, self._poll, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )

    @property
    def streaming(self) -> bool:
        """Whether images and masks are subscribed to, as a browser is connected."""
        return bool(self._subscriptions)

    @property
    def active(self) -> bool:
        """Whether browsers receive images; set by the node's lifecycle."""
        return self._active

    @active.setter
    def active(self, active: bool) -> None:
        self._active = active
        self._update_subscriptions()

    def take_image_error(self) -> str:
        """Return why the last unreadable image was refused, and reset it; empty if none was."""
        error, self._image_error = self._image_error, ''
        return error

    def statistics(self) -> dict[str, object]:
        """Return the counters for `/diagnostics`."""
        return {
            **self.server.statistics(),
            'frames': self._assembler.frames,
            'masks without their image': self._assembler.unmatched,
            'images after a newer one': self._assembler.late,
            'images without a stamp': self._assembler.unstamped,
            'masks refused': self._refused_masks,
        }

    def reset(self) -> None:
        """Drop the pending images and masks and the statistics, as after a clock jump."""
        self._assembler.clear()
        self.image_stats.clear()

    def send_prompt(self, request: PromptRequest) -> None:
        """Publish a prompt for the image that the browser showed."""
        message = to_prompt_message(
            request.object_id, request.points, request.box, request.size_step
        )
        message.action = PromptMessage.REFINE if request.refine else PromptMessage.SET
        message.header = Header(stamp=to_time(request.stamp_ns))
        self._prompts.send(message)

    def remove_object(self, object_id: int) -> None:
        """Publish the removal of an object."""
        message = PromptMessage(action=PromptMessage.REMOVE, object_id=object_id)
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._prompts.send(message)

    def clear_objects(self) -> None:
        """Call `clear_prompts`; its answer, or that it is missing, is shown in every browser."""
        self._clear_call.call()

    def preview(self, number: int, request: PreviewRequest) -> None:
        """Call `~/segment` for an image that the node keeps."""
        self._segment_calls.ask(number, request)

    def keep(self, stamp_ns: int) -> None:
        """Publish that a browser shows the image of a stamp."""
        self._shown.publish(Header(stamp=to_time(stamp_ns)))

    def set_streaming(self, enabled: bool) -> None:
        """Request that the large topics are subscribed to, or unsubscribed, by the next poll."""
        (self._wanted.set if enabled else self._wanted.clear)()

    def destroy(self) -> None:
        """Stop the server and destroy publishers, subscriptions, client and timer."""
        self.server.stop()
        self._unsubscribe()
        self._node.destroy_timer(self._timer)
        self._node.destroy_subscription(self._status_subscription)
        self._node.destroy_client(self._client)
        self._segment_calls.destroy()
        self._scenes.destroy()
        self._prompts.destroy()
        self._node.destroy_publisher(self._shown)

    def _poll(self) -> None:
        self._update_subscriptions()
        self._prompts.poll()
        self._clear_call.poll()
        self._scenes.poll()

    def _offer_next_scene(self, offered: bool) -> None:
        self._call(self._hub.offer_next_scene, self._scenes.call if offered else None)

    def _update_subscriptions(self) -> None:
        wanted = self._active and self._wanted.is_set()
        if wanted and not self._subscriptions:
            self._subscribe()
        elif not wanted:
            self._unsubscribe()

    def _subscribe(self) -> None:
        node, name = self._node, self._name
        self._subscriptions = [
            node.create_local_subscription('image', self._add_image)
            or node.create_subscription(
                Image, 'image', self._on_image, qos_profile_sensor_data, raw=True
            ),
            node.create_local_subscription(f'{name}/masks', self._on_result)
            or node.create_subscription(MaskArray, f'{name}/masks', self._on_masks, _QUEUE),
            node.create_subscription(Latency, f'{name}/latency', self._on_latency, _QUEUE),
            node.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, _QUEUE),
        ]

    def _unsubscribe(self) -> None:
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []
        self._components.clear()
        self.reset()

    def _on_image(self, serialised: bytes) -> None:
        try:
            image = read_image(serialised)
        except ImageError as error:
            self._image_error = str(error)
            self.image_stats.add_unreadable()
            return
        self._add_image(image)

    def _add_image(self, image: RawImage) -> None:
        received_ns = self._node.get_clock().now().nanoseconds
        self.image_stats.add(image.stamp_ns, received_ns, image.frame_id)
        self._assembler.add_image(
            PendingImage(
                image.stamp_ns, image.width, image.height, image.data.nbytes, self._to_rgb(image)
            )
        )

    def _to_rgb(self, image: RawImage) -> Callable[[], Pixels]:
        return lambda: to_rgb(image, self._scale)

    def _on_result(self, result: Result) -> None:
        self._assembler.add_masks(masks_of(result))

    def _on_masks(self, message: MaskArray) -> None:
        try:
            self._assembler.add_masks(to_frame_masks(message))
        # Pixels that do not fill the mask's size are NumPy's ValueError.
        except (ImageError, ValueError) as error:
            self._image_error = f'masks of {self._name}: {error}'
            self._refused_masks += 1

    def _on_latency(self, message: Latency) -> None:
        self._call(self._hub.record_timing, to_timing(message), int(message.dropped))

    def _on_status(self, message: PromptStatus) -> None:
        answer = Answer(
            message.object_id, PromptState(message.state), message.reason, message.generation
        )
        self._call(self._hub.broadcast_answer, answer)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        nodes = {self._name.lstrip('/'), self._node.get_fully_qualified_name().lstrip('/')}
        for status in message.status:
            if status.name.partition(': ')[0] in nodes:
                self._components[status.name] = time.monotonic(), _to_component(status)
        known = [_unless_silent(*each) for each in self._components.values()]
        self._call(self._hub.broadcast_diagnostics, known)


def _unless_silent(heard_at: float, component: Component) -> Component:
    silent_s = time.monotonic() - heard_at
    if silent_s < _SILENT_S:
        return component
    message = f'no report for {silent_s:.0f} s: does the node run?'
    return replace(component, level=int(Level.STALE), message=message)


def _to_component(status: DiagnosticStatus) -> Component:
    values = {value.key: value.value for value in status.values}
    return Component(status.name, status.level[0], status.message, values)
