"""`demo`: points at things in photographs that a camera in the hand looks at.

It talks to the camera node as any user's program would: prompts to a topic, masks and latency
from topics, and one picture of each photograph from the overlay topic. The viewer's page shows it
all, and who clicks there has the photographs to themselves.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import rclpy
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import remove_ros_args
from sensor_msgs.msg import Image
from std_msgs.msg import String
from std_srvs.srv import Trigger

from picosam_ros.cameras import CAMERAS
from picosam_ros.cameras.photos import open_photos
from picosam_ros.cameras.sights import Pointer, Target
from picosam_ros.errors import PicosamError
from picosam_ros.images import to_rgb
from picosam_ros.latency import STAGES, Timing
from picosam_ros.msg import Latency, MaskArray, Point2D, Prompt, PromptStatus
from picosam_ros.nodes.scoreboard import Scoreboard
from picosam_ros.ros import transport
from picosam_ros.ros.messages import to_raw_image

# How often the demo looks for something that it has not pointed at.
POINT_SECONDS = 0.2
# Into each photograph: time enough for every object to be answered.
PICTURE_SECONDS = 1.5
REFRESH_SECONDS = 0.5
# Since somebody else last pointed, or the last object was gone then: the demo only watches.
GUEST_SECONDS = 10.0
QUEUE = 10


class Demo(Node):
    """Clicks on objects, collects what comes back, and keeps a picture of each photograph."""

    def __init__(self, pointer: Pointer, output: Path) -> None:
        super().__init__('demo')
        self.scoreboard = Scoreboard()
        self.pictures: dict[str, Path] = {}
        self._pointer = pointer
        self._output = output
        self._scene = ''
        self._scene_since = self._pointed = 0.0
        self._guest_until = 0.0
        # What was pointed at in this scene: once, since the ROIs follow.
        self._targets: dict[int, Target] = {}
        self._clearing: Any = None
        self._overlay: Any = None
        self._complete: Any = None
        self._prompts = self.create_publisher(Prompt, 'prompt', QUEUE)
        self._clear = self.create_client(Trigger, 'camera/clear_prompts')
        self.create_subscription(Latency, 'camera/latency', self._on_latency, QUEUE)
        self.create_subscription(MaskArray, 'camera/masks', self._on_masks, QUEUE)
        self.create_subscription(PromptStatus, 'camera/prompt_status', self._on_status, QUEUE)
        self.create_subscription(Prompt, 'prompt', self._on_prompt, QUEUE)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.create_subscription(String, 'viewer/url', self._on_url, latched)

    def act(self) -> None:
        """Do what is due now: point, or take a picture. Nothing before the first image."""
        if not self.scoreboard.frames:
            return
        now = time.monotonic()
        if now - self._pointed < POINT_SECONDS or now < self._guest_until:
            return
        self._pointed = now
        scene, targets = self._pointer.targets(time.time_ns())
        if scene != self._scene:
            self._enter(scene, now)
        if not self._clearing.done():
            return
        for target in targets:
            if target.object_id not in self._targets:
                self._point_at(target)
        if now - self._scene_since > PICTURE_SECONDS and scene not in self.pictures:
            self._look()

    def _enter(self, scene: str, now: float) -> None:
        self._scene, self._scene_since = scene, now
        self._targets.clear()
        # A prompt that overtakes this would be cleared, too: see `act`.
        self._clearing = self._clear.call_async(Trigger.Request())
        self._look_away()
        self.scoreboard.enter(scene)

    def _point_at(self, target: Target) -> None:
        message = Prompt(object_id=target.object_id, roi_size=target.roi_size)
        message.points = [Point2D(x=target.x, y=target.y)]
        self._prompts.publish(message)
        self._targets[target.object_id] = target

    def _look(self) -> None:
        # The node draws only while somebody looks.
        if self._overlay is None:
            self._overlay = self.create_subscription(
                Image, 'camera/overlay', self._on_overlay, QUEUE
            )

    def _look_away(self) -> None:
        if self._overlay is not None:
            self.destroy_subscription(self._overlay)
            self._overlay = None

    def _on_overlay(self, message: Image) -> None:
        # A frame in whose time the prompts were replaced has not all of their masks.
        if self._overlay is None or message.header.stamp != self._complete:
            return
        self._output.mkdir(parents=True, exist_ok=True)
        path = self._output / f'{self._scene}.png'
        cv2.imwrite(str(path), cv2.cvtColor(to_rgb(to_raw_image(message)), cv2.COLOR_RGB2BGR))
        self.pictures[self._scene] = path
        self._look_away()

    def _on_prompt(self, message: Prompt) -> None:
        # Ours are for the newest image, the page's for the one that was clicked into.
        if message.header.stamp.sec:
            self._guest_until = time.monotonic() + GUEST_SECONDS
            self._scene = ''

    def _on_url(self, message: String) -> None:
        self.scoreboard.announce(message.data)
        open_browser(message.data)

    def _on_latency(self, message: Latency) -> None:
        timing = Timing(**{stage: getattr(message, stage) for stage in STAGES})
        self.scoreboard.add_frame(timing, message.dropped)

    def _on_masks(self, message: MaskArray) -> None:
        if time.monotonic() < self._guest_until and (message.masks or message.unanswered):
            self._guest_until = time.monotonic() + GUEST_SECONDS
        if self._targets.keys() <= {mask.object_id for mask in message.masks}:
            self._complete = message.header.stamp
        for mask in message.masks:
            if mask.object_id in self._targets:
                name = self._targets[mask.object_id].name
                self.scoreboard.add_mask(self._scene, name, mask.area, mask.score)

    def _on_status(self, message: PromptStatus) -> None:
        self.scoreboard.add_answer(message.state)
        if message.state in (PromptStatus.REFUSED, PromptStatus.LOST):
            self._targets.pop(message.object_id, None)


def main() -> int:
    """Entry point. Returns 1 if no mask came."""
    arguments = _arguments()
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    transport.prepare()
    # First, since they take longest to start.
    with _nodes(arguments) as alive:
        rclpy.init(args=sys.argv, signal_handler_options=SignalHandlerOptions.NO)
        try:
            demo = Demo(_pointer(arguments), arguments.output)
        except PicosamError as error:
            print(error, file=sys.stderr)
            return 1
        _run(demo, arguments.seconds, lambda: told.is_set() or not alive())
        demo.destroy_node()
    rclpy.shutdown()
    demo.scoreboard.show(final=True)
    for path in demo.pictures.values():
        print(f'picture: {path}')
    if not demo.scoreboard.masks:
        print('no mask came; see what the camera node says above', file=sys.stderr)
    return 0 if demo.scoreboard.masks else 1


def _run(demo: Demo, seconds: float, stopped: Any) -> None:
    executor = transport.make_executor()
    executor.add_node(demo)
    end = time.monotonic() + seconds if seconds else float('inf')
    shown = 0.0
    while not stopped() and (now := time.monotonic()) < end:
        executor.spin_once(timeout_sec=0.05)
        demo.act()
        if now - shown > REFRESH_SECONDS:
            demo.scoreboard.show()
            shown = now
    executor.shutdown()


def open_browser(url: str) -> None:
    """Open the page where there is a screen; BROWSER=none, or no screen, opens none."""
    chosen = os.environ.get('BROWSER', '')
    screen = any(name in os.environ for name in ('DISPLAY', 'WAYLAND_DISPLAY'))
    # Without a screen a browser in text mode would take this very terminal.
    if chosen != 'none' and (chosen or screen):
        webbrowser.open(url)


@contextmanager
def _nodes(arguments: argparse.Namespace) -> Iterator[Any]:
    """Run camera and viewer, unless they run already; give a function that tells if all is well."""
    if arguments.attach:
        yield lambda: True
        return
    camera = [sys.executable, '-m', 'picosam_ros.nodes.camera', '--ros-args']
    for name in ('camera', 'source', 'simulate'):
        # JSON is what ROS reads: a source like /dev/video2 or 2 stays a text.
        camera += ['-p', f'{name}:={json.dumps(getattr(arguments, name))}']
    viewer = [sys.executable, '-m', 'picosam_ros.nodes.viewer', '--ros-args']
    # The address is in the table.
    viewer += ['-r', 'image:=image_raw', '--log-level', 'warn']
    processes = [subprocess.Popen(camera), subprocess.Popen(viewer)]
    try:
        yield lambda: processes[0].poll() is None
    finally:
        for process in processes:
            process.send_signal(signal.SIGINT)
        for process in processes:
            process.wait(10)


def _pointer(arguments: argparse.Namespace) -> Pointer:
    # The simulated sensor looks at the same photographs.
    if (arguments.camera == 'photos' or arguments.simulate) and not arguments.source:
        return Pointer(open_photos())
    return Pointer(None)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='demo',
        description='Points at things that a camera sees, and shows how fast their masks come.',
    )
    parser.add_argument('--seconds', type=float, default=0, help='0, the default: until Ctrl-C')
    parser.add_argument('--camera', choices=tuple(CAMERAS), default='photos')
    parser.add_argument(
        '--simulate', action='store_true', help='with --camera imx500: one without hardware'
    )
    parser.add_argument('--source', default='', help='device, file or folder')
    parser.add_argument(
        '--output', type=Path, default=Path('demo'), help='folder for the overlay pictures'
    )
    parser.add_argument('--attach', action='store_true', help='use a camera node that runs already')
    return parser.parse_args(remove_ros_args(sys.argv)[1:])


if __name__ == '__main__':
    raise SystemExit(main())
