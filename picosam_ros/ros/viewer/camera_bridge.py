"""The topics between one segmentation node and the browsers that show it."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.qos import qos_profile_sensor_data
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from picosam_ros.bags.messages import CAMERA_INFO, DIAGNOSTICS, LATENCY, MASKS, PROMPT_STATUS
from picosam_ros.errors import ImageError
from picosam_ros.frame import Pixels
from picosam_ros.msg import Latency, MaskArray, PromptStatus
from picosam_ros.msg import Prompt as PromptMessage
from picosam_ros.results import Answer, PromptState, Result
from picosam_ros.ros.guarded_node import GuardedNode
from picosam_ros.ros.messages import to_prompt_message, to_rgb, to_time, to_timing
from picosam_ros.ros.retry import RetryingCall
from picosam_ros.ros.shown_qos import SHOWN_QOS
from picosam_ros.ros.viewer.camera_topics import CameraTopics
from picosam_ros.ros.viewer.components import Components
from picosam_ros.ros.viewer.mask_messages import to_frame_masks
from picosam_ros.ros.viewer.prompt_sender import PromptSender
from picosam_ros.ros.viewer.scene_client import SceneClient
from picosam_ros.ros.viewer.segment_calls import SegmentCalls
from picosam_ros.stream_stats import StreamMonitor
from picosam_ros.viewer.assembler import FrameAssembler, PendingImage, masks_of
from picosam_ros.viewer.hub import Hub
from picosam_ros.viewer.requests import PreviewRequest, PromptRequest
from picosam_ros.wire.images import RawImage
from picosam_ros.wire.messages import NANOSECONDS, read_image, stamp_of
from picosam_ros.wire.value_range import ValueScale

_QUEUE = 10
# Every prompt is answered, also the prompts of a second in which the executor was busy.
_STATUS_QUEUE = 1000


class CameraBridge:
    """Connects a segmentation node with the hub of the browsers that show it.

    Large topics are subscribed only while a browser shows it and the bridge is active.

    Args:
        node: owns the topics; what a node of its process publishes is taken from that one.
        topics: of the segmentation node.
        call: Server.call.
        name: of the segmentation node, on the page.
        title: shown beside the name.
        refused: see Hub.

    Attributes:
        topics: as given.
        input_component: name of the component of `/diagnostics` about the images.
        hub: only for the event loop, see `call`.
        image_stats: rate and age of the received images.

    """

    def __init__(
        self,
        node: GuardedNode,
        topics: CameraTopics,
        call: Callable[..., None],
        *,
        name: str = '',
        title: str,
        refused: Counter[str] | None = None,
    ) -> None:
        self.topics = topics
        self.input_component = 'input' if name else f'input of {topics.name}'
        self.hub = Hub(
            self,
            name=name or topics.name.lstrip('/'),
            title=title,
            prompt_topic=topics.prompt,
            image_topic=topics.image,
            camera=topics.name,
            refused=refused,
        )
        self.image_stats = StreamMonitor()
        self._call = call
        self._assembler = FrameAssembler(
            lambda frame: self._call(self.hub.broadcast_frame, frame),
            on_late=lambda masks: self._call(self.hub.broadcast_late, masks),
        )
        self._node = node
        self._scale = ValueScale(node.get_parameter('value_range').value)
        self._name = topics.name
        # Beside the images, as image_transport has it.
        self._info = f'{topics.image.rpartition("/")[0]}/camera_info'
        self._active = False
        self._image_error = ''
        self._refused_masks = 0
        self._components = Components(self._is_shown)
        self._subscriptions: list[Any] = []
        self._wanted = threading.Event()
        self._prompts = PromptSender(node, topics.prompt)
        self._segment_calls = SegmentCalls(
            node,
            topics.name,
            lambda number, masks, reason: self._call(
                self.hub.answer_preview, number, masks, reason
            ),
        )
        self._shown = node.create_publisher(Header, topics.shown, SHOWN_QOS)
        self._client = node.create_client(Trigger, f'{topics.name}/clear_prompts')
        self._scenes = SceneClient(node, topics.name, self._offer_next_scene)
        self._clear_call = RetryingCall(
            self._client, lambda message: self._call(self.hub.broadcast_notice, message)
        )
        # Permanent: the answer to the first click must not precede the subscription's discovery.
        self._status_subscription = node.create_subscription(
            PromptStatus, f'{topics.name}/prompt_status', self._on_status, _STATUS_QUEUE
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

    def statistics(self) -> dict[str, int]:
        """Return the counters for `/diagnostics`."""
        return {
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

    def poll(self) -> None:
        """Subscribe or unsubscribe, and send what waits; call it in the executor's thread.

        EventsExecutor supports no guard conditions, and subscriptions may only be created there.
        """
        self._update_subscriptions()
        self._prompts.poll()
        self._clear_call.poll()
        self._scenes.poll()

    def destroy(self) -> None:
        """Destroy publishers, subscriptions and clients; the server was stopped before."""
        self._unsubscribe()
        self._node.destroy_subscription(self._status_subscription)
        self._node.destroy_client(self._client)
        self._segment_calls.destroy()
        self._scenes.destroy()
        self._prompts.destroy()
        self._node.destroy_publisher(self._shown)

    def _offer_next_scene(self, offered: bool) -> None:
        self._call(self.hub.offer_next_scene, self._scenes.call if offered else None)

    def _update_subscriptions(self) -> None:
        wanted = self._active and self._wanted.is_set()
        if wanted and not self._subscriptions:
            self._subscribe()
        elif not wanted:
            self._unsubscribe()

    def _subscribe(self) -> None:
        node, name, image = self._node, self._name, self.topics.image
        self._subscriptions = [
            node.create_local_subscription(image, self._add_image)
            or node.create_subscription(
                Image, image, self._on_image, qos_profile_sensor_data, raw=True
            ),
            node.create_local_subscription(f'{name}/masks', self._on_result)
            or node.create_subscription(MaskArray, f'{name}/masks', self._on_masks, _QUEUE),
            node.create_subscription(Latency, f'{name}/latency', self._on_latency, _QUEUE),
            node.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, _QUEUE),
            node.create_subscription(
                CameraInfo, self._info, self._on_info, qos_profile_sensor_data, raw=True
            ),
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
                image.stamp_ns,
                image.width,
                image.height,
                image.data.nbytes,
                self._to_rgb(image),
                image.frame_id,
            )
        )

    def _to_rgb(self, image: RawImage) -> Callable[[], Pixels]:
        return lambda: to_rgb(image, self._scale)

    def _on_result(self, result: Result) -> None:
        self.hub.recorder.add_masks(result.frame, result.masks, result.unanswered)
        self._assembler.add_masks(masks_of(result))

    def _on_masks(self, message: MaskArray) -> None:
        # First: what a page shows is in its recording.
        self._record(f'{self._name}/masks', MASKS, message)
        try:
            self._assembler.add_masks(to_frame_masks(message))
        # Pixels that do not fill the mask's size are NumPy's ValueError.
        except (ImageError, ValueError) as error:
            self._image_error = f'masks of {self._name}: {error}'
            self._refused_masks += 1

    def _is_shown(self, node: str, component: str) -> bool:
        """Whether a component of a node is about this camera."""
        if node == self._node.get_fully_qualified_name():
            return component == self.input_component or not component.startswith('input')
        return node == self._name

    def _on_latency(self, message: Latency) -> None:
        self._call(self.hub.record_timing, to_timing(message), int(message.dropped))
        self._record(f'{self._name}/latency', LATENCY, message)

    def _on_status(self, message: PromptStatus) -> None:
        answer = Answer(
            message.object_id, PromptState(message.state), message.reason, message.generation
        )
        self._call(self.hub.broadcast_answer, answer)
        self._record(f'{self._name}/prompt_status', PROMPT_STATUS, message)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        self._components.add(message)
        self._call(self.hub.broadcast_diagnostics, self._components.known())
        self._record('/diagnostics', DIAGNOSTICS, message)

    def _on_info(self, serialised: bytes) -> None:
        with contextlib.suppress(ImageError):  # what has no stamp belongs to no image
            self.hub.recorder.add(self._info, CAMERA_INFO, stamp_of(serialised), serialised)

    def _record(self, topic: str, kind: str, message: Any) -> None:
        if self.hub.recorder.running:
            stamp = message.header.stamp
            stamp_ns = stamp.sec * NANOSECONDS + stamp.nanosec
            self.hub.recorder.add(topic, kind, stamp_ns, serialize_message(message))
