"""A segmentation node under test: its topics, and pictures whose masks are known."""

from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Point, PointStamped
from helpers.harness import Client
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.qos import qos_profile_system_default
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from picosam_ros.msg import Latency, MaskArray, Point2D, Prompt, PromptStatus
from picosam_ros.ros.messages import from_time, to_image, to_time

WIDTH, HEIGHT = 320, 240
# The parameter of the segmenter that the tests of a module share.
ROI_SIZE = 96
# Each of those that are known by their place has a place of its own.
_clicks = count(1)
BACKGROUND, OBJECT = (20, 90, 160), (250, 40, 30)
TOPICS = {
    'masks': MaskArray,
    'label_mask': Image,
    'confidence': Image,
    'overlay': Image,
    'latency': Latency,
    'prompt_status': PromptStatus,
}


@dataclass
class Result:
    """All that was published for one image."""

    masks: Any
    label_mask: Any
    confidence: Any
    overlay: Any
    latency: Any

    @property
    def labels(self):
        return array_of(self.label_mask)


class Rig(Client):
    """Talks to one `segmenter`, or `camera`, through all of its topics."""

    def __init__(self, process):
        super().__init__(process)
        self._stamp_ns = self.node.get_clock().now().nanoseconds
        self.images = self.publisher(Image, 'image', qos_profile_system_default)
        self.points = self.publisher(PointStamped, 'prompt_point')
        self.clicks = self.publisher(Point, 'image_mouse_left')
        self.prompts = self.publisher(Prompt, 'prompt')
        self.inboxes = {
            topic: self.subscribe(kind, f'{process.name}/{topic}') for topic, kind in TOPICS.items()
        }
        self.diagnostics = self.subscribe(DiagnosticArray, '/diagnostics')

    def connect(self):
        """Come back when every topic has carried something, both ways."""
        assert self.state() == 'active'

        def carried():
            self.images.publish(self.image(picture((5, 5))))
            for publisher, message in (
                (self.points, PointStamped()),
                (self.clicks, Point()),
                (self.prompts, Prompt(action=Prompt.REMOVE)),
            ):
                publisher.publish(message)
            connected = all(
                publisher.get_subscription_count()
                for publisher in (self.images, self.points, self.clicks, self.prompts)
            )
            return connected and all(self.inboxes.values())

        self.wait_for(carried)
        self.settle()  # a point that is answered later would outlive the clearing
        self.fresh()

    def join(self):
        """Come back when prompts arrive at the node, and all that it publishes arrives here."""
        for publisher in (self.points, self.clicks, self.prompts):
            self.wait_for(publisher.get_subscription_count)
        self.known_to(self.process.name)

    def fresh(self):
        """Leave no prompt, no message on its way, and the size that is usual here."""
        self.call(Trigger, f'{self.process.name}/clear_prompts')
        self.settle()
        for inbox in (*self.inboxes.values(), self.diagnostics):
            inbox.clear()

    def settle(self):
        """Wait until all that was sent has been answered; what comes later is new.

        Topics overtake each other: each has a last message of its own, and its answer is known.
        """
        self.show(picture((5, 5)))
        self.ask(Prompt(action=Prompt.REMOVE, object_id=253))
        self.point(-9, -9)
        number = next(_clicks)
        self._send(self.clicks, Point(x=-9.0, y=-float(number)))
        place = f'point (-9, -{number}) '
        self.wait_for(lambda: any(place in s.reason for s in self.inboxes['prompt_status']))

    def header(self, frame_id='lens'):
        """Make one that was never used before: its stamp identifies what is sent and answered."""
        self._stamp_ns = max(self._stamp_ns + 1, self.node.get_clock().now().nanoseconds)
        return Header(stamp=to_time(self._stamp_ns), frame_id=frame_id)

    def image(self, pixels):
        return to_image(pixels, 'rgb8', self.header())

    def show(self, shown):
        """Publish an image and return all that was published for it."""
        message = shown if isinstance(shown, Image) else self.image(shown)
        self._send(self.images, message)
        return self.result(message.header)

    def showing(self, *, seconds_ahead=0.0, **header):
        """Publish images with such headers again and again, while anything is waited for."""
        ahead = round(1e9 * seconds_ahead)

        def send():
            image = self.image(picture((5, 5)))
            image.header.stamp = to_time(from_time(image.header.stamp) + ahead)
            for name, value in header.items():
                setattr(image.header, name, value)
            self.images.publish(image)

        return self.repeating(send)

    def images_have_arrived(self):
        """Wait until the images that were sent are through, also where none is answered.

        One that is refused, as it is in every state, follows them.
        """
        image = self.image(picture((5, 5)))
        image.encoding = f'mark {image.header.stamp.nanosec}'
        self.images.publish(image)
        return self.component('input', lambda status: f"'{image.encoding}'" in status.message)

    def _send(self, publisher, message):
        """Publish once there is who takes it: a subscription may be found after the others."""
        self.wait_for(publisher.get_subscription_count)
        publisher.publish(message)

    def result(self, header):
        """Wait for all that belongs to an image."""
        topics = [topic for topic in TOPICS if topic != 'prompt_status']
        return Result(**{topic: self.received(topic, header) for topic in topics})

    def received(self, topic, header):
        """Wait for the message that carries a header."""
        inbox = self.inboxes[topic]
        return self.wait_for(lambda: next((m for m in inbox if m.header == header), None))

    def ask(self, prompt):
        """Send a prompt and return its status."""
        prompt.header = self.header(frame_id='')
        self._send(self.prompts, prompt)
        return self.received('prompt_status', prompt.header)

    def set(self, *points, object_id=1, **fields):
        """Ask for an object by points (x, y) or (x, y, label)."""
        labelled = [
            Point2D(x=float(x), y=float(y), label=label[0] if label else Point2D.POSITIVE)
            for x, y, *label in points
        ]
        return self.ask(Prompt(object_id=object_id, points=labelled, **fields))

    def point(self, x, y):
        """Send a stamped point and return its status."""
        message = PointStamped(header=self.header(frame_id=''), point=Point(x=float(x), y=float(y)))
        self._send(self.points, message)
        return self.received('prompt_status', message.header)

    def click(self, point):
        """Send a point without a header and return its status, which comes next."""
        statuses = self.inboxes['prompt_status']
        before = len(statuses)
        self._send(self.clicks, point)
        self.wait_for(lambda: len(statuses) > before)
        return statuses[before]

    def set_parameters(self, **changes):
        """Set parameters as `ros2 param set` does; return the reason of each refusal, or ''."""
        parameters = [Parameter(name=name, value=value_of(v)) for name, v in changes.items()]
        request = SetParameters.Request(parameters=parameters)
        response = self.call(SetParameters, f'{self.process.name}/set_parameters', request)
        for result in response.results:
            assert result.successful == (not result.reason)
        return [result.reason for result in response.results]

    def component(self, name, condition=lambda status: True, *, since_ns=0):
        """Wait for a report of /diagnostics about a part of the node that meets the condition."""
        full = f'{self.process.name.lstrip("/")}: {name}'

        def found():
            arrays = [a for a in self.diagnostics if from_time(a.header.stamp) >= since_ns]
            statuses = [s for array in arrays for s in array.status if s.name == full]
            return next(filter(condition, reversed(statuses)), None)

        return self.wait_for(found)

    def latest(self, name):
        """Wait for a report about a part of the node that is made from now on."""
        return self.component(name, since_ns=self.node.get_clock().now().nanoseconds)


def picture(centre, *, radius=20, width=WIDTH, height=HEIGHT):
    """Paint a red disc: what the tiny network finds is this, and nothing else."""
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[...] = BACKGROUND
    pixels[disc(centre, radius=radius, width=width, height=height)] = OBJECT
    return pixels


def disc(centre, *, radius=20, width=WIDTH, height=HEIGHT):
    """Tell which pixels belong to it: height × width bool."""
    y, x = np.ogrid[:height, :width]
    return (x - centre[0]) ** 2 + (y - centre[1]) ** 2 <= radius**2


def value_of(value):
    """Return a parameter's value as its message."""
    if isinstance(value, bool):
        return ParameterValue(type=ParameterType.PARAMETER_BOOL, bool_value=value)
    if isinstance(value, int):
        return ParameterValue(type=ParameterType.PARAMETER_INTEGER, integer_value=value)
    return ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=value)


def array_of(image):
    """View a message's pixels."""
    pixels = np.frombuffer(image.data, np.uint8)
    return pixels.reshape(image.height, image.width, -1).squeeze()


def values_of(status):
    """Give the figures of a diagnostics status by name."""
    return {value.key: value.value for value in status.values}
