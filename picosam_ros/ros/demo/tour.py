"""The demo's node: sends prompts for the objects in the photos of a hand-held camera.

It talks to the camera node as any user's program would: prompts to a topic, masks and latency
from topics, and one image of each photo from the overlay topic. The viewer's page shows it
all. With the first click there, the tour ends and leaves the image to the user.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import cv2
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import Image
from std_msgs.msg import Header, String
from std_srvs.srv import Trigger

from picosam_ros.cameras.photos import Pointer, Target
from picosam_ros.latency import STAGES, Timing
from picosam_ros.msg import Latency, MaskArray, Point2D, Prompt, PromptStatus
from picosam_ros.prompts.store import REMOVED
from picosam_ros.ros.demo.scoreboard import Scoreboard
from picosam_ros.ros.guarded_node import GuardedNode
from picosam_ros.ros.messages import to_raw_image
from picosam_ros.ros.retry import RetryingCall
from picosam_ros.ros.shown_qos import SHOWN_QOS
from picosam_ros.viewer.browser import open_browser
from picosam_ros.viewer.left_objects import KEPT_S
from picosam_ros.wire.images import to_rgb

# Period of looking for an object without a prompt.
POINT_SECONDS = 0.2
# Before a change of photo: time to remove the prompts; the camera stays as long as any is left.
LEAVE_SECONDS = 0.5
# After the change, and after the prompts are removed: time for the node to have the new photo, to
# which a prompt is applied.
ARRIVE_SECONDS = 0.2
# Before a removal that is not answered is sent again.
REPEAT_SECONDS = 1.0
# After the prompts: time for every object to be answered.
IMAGE_SECONDS = 1.5
QUEUE = 10


class Tour(GuardedNode):
    """Clicks on objects, collects what comes back, and keeps an image of each photo.

    Args:
        pointer: of the objects in the photos.
        output: folder for the images; made when there is one.

    Attributes:
        scoreboard: of the results.
        images: files by photo.

    """

    def __init__(self, pointer: Pointer, output: Path) -> None:
        super().__init__('demo')
        self.scoreboard = Scoreboard()
        self.images: dict[str, Path] = {}
        self._pointer = pointer
        self._output = output
        self._scene = ''
        self._pointed = 0.0
        # When its objects were pointed at first; 0 before.
        self._scene_since = 0.0
        self._ended = False
        # When the node was last known to have prompts of another photo.
        self._clear_since = 0.0
        # Objects of this scene with a prompt: one each, since they are tracked.
        self._targets: dict[int, Target] = {}
        # Those of the scene before whose removal is not answered, and when it was last sent.
        self._leaving: dict[int, float] = {}
        # The one that the user took over, and when a browser last showed an image.
        self._refined = 0
        self._shown_at = math.inf
        self._overlay: Any = None
        self._complete: Any = None
        self._prompts = self.create_publisher(Prompt, 'prompt', QUEUE)
        client = self.create_client(Trigger, 'camera/clear_prompts')
        self._clearing = RetryingCall(client, self.get_logger().debug)
        self.create_subscription(Latency, 'camera/latency', self._on_latency, QUEUE)
        self.create_subscription(MaskArray, 'camera/masks', self._on_masks, QUEUE)
        self.create_subscription(PromptStatus, 'camera/prompt_status', self._on_status, QUEUE)
        self.create_subscription(Prompt, 'prompt', self._on_prompt, QUEUE)
        self.create_subscription(Header, 'shown', self._on_shown, SHOWN_QOS)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.create_subscription(String, 'viewer/url', self._on_url, latched)

    def act(self) -> None:
        """Send the prompts, or save the image, that are due; nothing before the first image."""
        now = time.monotonic()
        if self._ended:
            self._remove_refined(now)
            return
        self._clearing.poll()
        self._repeat_removals(now)
        if self._is_clearing:
            self._clear_since = now
        if not self.scoreboard.frames or now - self._pointed < POINT_SECONDS:
            return
        self._pointed = now
        scene = self._scene_in(LEAVE_SECONDS)
        if scene != self._scene:
            self._enter(scene)
        if not self._has_arrived(scene, now):
            return
        self._scene_since = self._scene_since or now
        in_view = self._in_view()
        for object_id in self._targets.keys() - in_view.keys():
            self._leave(object_id)
        for object_id in in_view.keys() - self._targets.keys():
            self._point_at(in_view[object_id])
        if now - self._scene_since > IMAGE_SECONDS and scene not in self.images:
            self._start_overlay()

    def _has_arrived(self, scene: str, now: float) -> bool:
        """Whether the newest image shows the scene: a prompt would keep the camera where it is."""
        cleared = not self._is_clearing and now - self._clear_since >= ARRIVE_SECONDS
        return cleared and self._scene_in(-ARRIVE_SECONDS) == scene

    def _scene_in(self, seconds: float) -> str:
        return self._targets_in(seconds)[0]

    def _in_view(self) -> dict[int, Target]:
        """Return the objects that stay in view until this is called again, and longer."""
        soon = {target.object_id for target in self._targets_in(2 * POINT_SECONDS)[1]}
        now = {target.object_id: target for target in self._targets_in(0)[1]}
        return {object_id: now[object_id] for object_id in now.keys() & soon}

    def _targets_in(self, seconds: float) -> tuple[str, tuple[Target, ...]]:
        return self._pointer.targets(time.time_ns() + round(1e9 * seconds))

    def _enter(self, scene: str) -> None:
        if not self._scene:
            # What another demo left. A prompt that overtakes this would be cleared, too: see `act`.
            self._clearing.call()
        # Not all objects: one of them may be a user's whose click is on its way to this node.
        for object_id in tuple(self._targets):
            self._leaving[object_id] = time.monotonic()
            self._leave(object_id)
        self._scene, self._scene_since = scene, 0.0
        self._stop_overlay()
        self.scoreboard.enter(scene)

    def _point_at(self, target: Target) -> None:
        message = Prompt(object_id=target.object_id)
        message.points = [Point2D(x=target.x, y=target.y)]
        self._prompts.publish(message)
        self._targets[target.object_id] = target

    def _leave(self, object_id: int) -> None:
        """Remove an object: one that goes out of view, before it is missed."""
        self._remove(object_id)
        del self._targets[object_id]

    def _remove(self, object_id: int) -> None:
        self._prompts.publish(Prompt(object_id=object_id, action=Prompt.REMOVE))

    @property
    def _is_clearing(self) -> bool:
        return self._clearing.waiting or bool(self._leaving)

    def _repeat_removals(self, now: float) -> None:
        """Send removals again whose answer, or which themselves, may have been lost."""
        for object_id, sent_at in tuple(self._leaving.items()):
            if now - sent_at >= REPEAT_SECONDS:
                self._leaving[object_id] = now
                self._remove(object_id)

    def _remove_refined(self, now: float) -> None:
        """Remove the object that the user took over, as the viewer removes the user's own."""
        if self._refined and now - self._shown_at >= KEPT_S:
            self._remove(self._refined)
            self._refined = 0

    def _start_overlay(self) -> None:
        # The node draws the overlay only while it has a subscriber.
        if self._overlay is None:
            self._overlay = self.create_subscription(
                Image, 'camera/overlay', self._on_overlay, QUEUE
            )

    def _stop_overlay(self) -> None:
        if self._overlay is not None:
            self.destroy_subscription(self._overlay)
            self._overlay = None

    def _on_overlay(self, message: Image) -> None:
        # An image from before the prompts were replaced does not have all of their masks.
        if self._overlay is None or message.header.stamp != self._complete:
            return
        self._output.mkdir(parents=True, exist_ok=True)
        path = self._output / f'{self._scene}.png'
        cv2.imwrite(str(path), cv2.cvtColor(to_rgb(to_raw_image(message)), cv2.COLOR_RGB2BGR))
        self.images[self._scene] = path
        self._stop_overlay()

    def _on_prompt(self, message: Prompt) -> None:
        # Ours are for the newest image, the page's for the one that was clicked into.
        if message.header.stamp.sec and not self._ended:
            self._ended = True
            self._leaving.clear()
            # One of ours that the user changes is the user's.
            if self._targets.pop(message.object_id, None) is not None:
                self._refined = message.object_id
            for object_id in tuple(self._targets):
                self._leave(object_id)
            self._stop_overlay()

    def _on_shown(self, _: Header) -> None:
        self._shown_at = time.monotonic()

    def _on_url(self, message: String) -> None:
        self.scoreboard.announce(message.data)
        open_browser(message.data)

    def _on_latency(self, message: Latency) -> None:
        timing = Timing(**{stage: getattr(message, stage) for stage in STAGES})
        self.scoreboard.add_frame(timing, message.dropped)

    def _on_masks(self, message: MaskArray) -> None:
        if self._targets.keys() <= {mask.object_id for mask in message.masks}:
            self._complete = message.header.stamp
        for mask in message.masks:
            # Without a target it is the user's, or its scene is over: a mask all the same.
            target = self._targets.get(mask.object_id)
            name = target.name if target else ''
            self.scoreboard.add_mask(self._scene, name, mask.area, mask.score)

    def _on_status(self, message: PromptStatus) -> None:
        removed = message.reason == REMOVED
        if not removed:
            self.scoreboard.add_answer(message.state)
        ended = message.state in (PromptStatus.REFUSED, PromptStatus.LOST)
        if ended:
            self._targets.pop(message.object_id, None)
        if ended or removed:
            self._leaving.pop(message.object_id, None)
