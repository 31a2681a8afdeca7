"""The topics between a segmentation node and the browsers that look at it."""

from __future__ import annotations

import socket
import threading
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from picosam_ros.errors import ImageError
from picosam_ros.msg import Box2D, Latency, MaskArray, Point2D, PromptStatus
from picosam_ros.msg import Prompt as PromptMessage
from picosam_ros.ros.messages import to_rgb, to_time, to_timing
from picosam_ros.ros.retry import RetryingCall
from picosam_ros.ros.stream_stats import StreamMonitor
from picosam_ros.ros.viewer.scenes import to_answer, to_component, to_masks
from picosam_ros.viewer.pairing import Pairing, Picture
from picosam_ros.viewer.protocol import Ask, Component
from picosam_ros.viewer.server import Server
from picosam_ros.wire.messages import read_image

_QUEUE = 10
# Each prompt is answered, also those of a second in which the executor was held up.
_ANSWERS = 1000
# How often it is looked whether somebody began, or ceased, to look, and for an answer.
_MOMENT_SECONDS = 0.05


class ViewerBridge:
    """A segmentation node, and the server that shows it to browsers.

    It subscribes to what is large while one of them looks.

    Args:
        node: owns the topics.
        name: of the segmentation node.
        options: of the Server.

    Attributes:
        server: to be started by the caller.
        arrivals: of the images.

    """

    def __init__(self, node: Node, name: str, **options: Any) -> None:
        self.server = Server(self, name=name, title=socket.gethostname(), **options)
        self.arrivals = StreamMonitor()
        self._audience = self.server.audience
        self._call = self.server.call
        self._pairing = Pairing(lambda scene: self._call(self._audience.show, scene))
        self._node = node
        self._name = node.resolve_topic_name(name)
        self._active = False
        self._refusal = ''
        self._components: dict[str, Component] = {}
        self._subscriptions: list[Any] = []
        self._wanted = threading.Event()
        self._prompts = node.create_publisher(PromptMessage, 'prompt', _ANSWERS)
        self._client = node.create_client(Trigger, f'{name}/clear_prompts')
        self._clearing = RetryingCall(
            self._client, lambda told: self._call(self._audience.notice, told)
        )
        # Always: the answer to the first click must not come before its subscription is known.
        self._answers = node.create_subscription(
            PromptStatus, f'{name}/prompt_status', self._on_status, _ANSWERS
        )
        # EventsExecutor takes no guard conditions, and subscriptions belong to its thread.
        self._timer = node.create_timer(
            _MOMENT_SECONDS, self._look, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )

    @property
    def watched(self) -> bool:
        """Whether somebody looks, and gets something."""
        return bool(self._subscriptions)

    @property
    def active(self) -> bool:
        """Whether browsers get what they want."""
        return self._active

    @active.setter
    def active(self, active: bool) -> None:
        self._active = active
        self._follow_the_wish()

    def refusal(self) -> str:
        """Why the last image could not be read, once; empty if none was refused."""
        refusal, self._refusal = self._refusal, ''
        return refusal

    def figures(self) -> dict[str, object]:
        """What it has done so far."""
        return {
            'address': self.server.url,
            'browsers': len(self._audience),
            'scenes': self._pairing.scenes,
            'pictures encoded': self.server.site.encoder.encoded,
            'masks without their image': self._pairing.unmatched,
            **{f'refused ({cause})': n for cause, n in dict(self._audience.refused).items()},
        }

    def forget(self) -> None:
        """Forget the images of before: the clock has jumped."""
        self._pairing.clear()
        self.arrivals.clear()

    def ask(self, ask: Ask) -> None:
        """Publish a prompt, for the image that the browser showed."""
        action = PromptMessage.REFINE if ask.refine else PromptMessage.SET
        message = PromptMessage(action=action, object_id=ask.object_id)
        message.header = Header(stamp=to_time(ask.stamp_ns))
        if ask.point is not None:
            label = Point2D.POSITIVE if ask.point.positive else Point2D.NEGATIVE
            message.points = [Point2D(x=ask.point.x, y=ask.point.y, label=label)]
        if ask.box is not None:
            box = ask.box
            message.box = Box2D(x0=box.x0, y0=box.y0, x1=box.x1, y1=box.y1)
        self._prompts.publish(message)

    def remove(self, object_id: int) -> None:
        """Publish that an object is to go."""
        message = PromptMessage(action=PromptMessage.REMOVE, object_id=object_id)
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._prompts.publish(message)

    def clear(self) -> None:
        """Call `clear_prompts`; what it says, or that it is not there, is told to everybody."""
        self._clearing.call()

    def watch(self, wanted: bool) -> None:
        """Have the topics subscribed to, or not any more, within a moment."""
        (self._wanted.set if wanted else self._wanted.clear)()

    def destroy(self) -> None:
        """End the server, take the topics away."""
        self.server.stop()
        self._unsubscribe()
        self._node.destroy_timer(self._timer)
        self._node.destroy_subscription(self._answers)
        self._node.destroy_client(self._client)
        self._node.destroy_publisher(self._prompts)

    def _look(self) -> None:
        self._follow_the_wish()
        self._clearing.look()

    def _follow_the_wish(self) -> None:
        wanted = self._active and self._wanted.is_set()
        if wanted and not self._subscriptions:
            self._subscribe()
        elif not wanted:
            self._unsubscribe()

    def _subscribe(self) -> None:
        node, name = self._node, self._name
        self._subscriptions = [
            node.create_subscription(
                Image, 'image', self._on_image, qos_profile_sensor_data, raw=True
            ),
            node.create_subscription(MaskArray, f'{name}/masks', self._on_masks, _QUEUE),
            node.create_subscription(Latency, f'{name}/latency', self._on_latency, _QUEUE),
            node.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, _QUEUE),
        ]

    def _unsubscribe(self) -> None:
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []
        self._components.clear()
        self.forget()

    def _on_image(self, serialised: bytes) -> None:
        try:
            image = read_image(serialised)
        except ImageError as error:
            self._refusal = str(error)
            self.arrivals.add_unreadable()
            return
        received_ns = self._node.get_clock().now().nanoseconds
        self.arrivals.add(image.stamp_ns, received_ns, image.frame_id)
        self._pairing.add_picture(
            Picture(
                image.stamp_ns, image.width, image.height, len(serialised), lambda: to_rgb(image)
            )
        )

    def _on_masks(self, message: MaskArray) -> None:
        self._pairing.add_masks(to_masks(message))

    def _on_latency(self, message: Latency) -> None:
        self._call(self._audience.measured, to_timing(message), int(message.dropped))

    def _on_status(self, message: PromptStatus) -> None:
        self._call(self._audience.answered, to_answer(message))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        owners = {self._name.lstrip('/'), self._node.get_fully_qualified_name().lstrip('/')}
        for status in message.status:
            if status.name.partition(': ')[0] in owners:
                self._components[status.name] = to_component(status)
        self._call(self._audience.diagnosed, list(self._components.values()))
