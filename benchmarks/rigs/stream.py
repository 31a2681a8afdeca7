"""A camera driver and a listener in this process, the segmenter node in another one.

All times are of this process's steady clock.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from std_msgs.msg import Header

from benchmarks.rigs import scene
from benchmarks.rigs.samples import Sample, Samples
from benchmarks.rigs.segmenter import PLAIN_MALLOC, PREBUILT
from picosam_ros.latency import STAGES
from picosam_ros.msg import Latency, MaskArray, Point2D, Prompt, PromptStatus
from picosam_ros.ros import process as ros_process
from picosam_ros.ros.messages import from_time, to_image, to_time

from sensor_msgs.msg import Image  # isort: skip

ROOT = Path(__file__).parents[2]
QUEUE = 10
TIMEOUT_S = 30.0  # seconds until a silent node is given up
TAIL = 1.0  # seconds that the last masks of a run may take
WARM_UP = 20  # images of a first run that is not counted; fewer where few are measured
WARM_UP_RATE = 10.0


@dataclass(frozen=True)
class Setting:
    """How the two processes are set up.

    Attributes:
        prompts: objects in every image.
        best_effort: how images are published; drivers publish reliably.
        profile: both processes use the shipped profiles of Fast DDS.
        malloc: both processes tune malloc.
        prebuilt: the node fills no message but the first: the floor of what Python can do.

    """

    prompts: int = 1
    best_effort: bool = False
    profile: bool = True
    malloc: bool = True
    prebuilt: bool = False


class Camera:
    """Publishes images, prompts for objects on them, and notes when their masks come back."""

    def __init__(self, setting: Setting, process: subprocess.Popen, output: IO[str]) -> None:
        self.process = process
        self._output = output
        self._prompts, self._profile = setting.prompts, setting.profile
        self._samples: dict[int, Sample] = {}
        self._dropped = 0
        self._accepted: set[int] = set()
        self._message = to_image(scene.image(), 'rgb8', Header(frame_id='camera'))
        self._node = Node('camera')
        self._executor = ros_process.make_executor()
        self._executor.add_node(self._node)
        reliability = ReliabilityPolicy.BEST_EFFORT if setting.best_effort else None
        self._connect(reliability or ReliabilityPolicy.RELIABLE)

    def begin(self, warm_up: int) -> None:
        """Wait for the node, have it segment every object, and let so many images pass."""
        deadline = time.perf_counter() + TIMEOUT_S
        while (count := len(self._accepted)) < self._prompts:
            late = time.perf_counter() > deadline
            if late and not self._profile:
                return  # not one image arrives: see below
            if self.process.poll() is not None or late:
                raise self._failure(f'accepted {count} of {self._prompts} prompts')
            self._publish()  # a prompt needs an image to lie on
            self._spin(0.1)
            self._ask()
            self._spin(0.1)
        # Without the profile all of them may be lost: that is a figure, not a failure.
        deadline = time.perf_counter() + TIMEOUT_S
        while not self.run(warm_up, WARM_UP_RATE).answered and self._profile:
            if self.process.poll() is not None or time.perf_counter() > deadline:
                raise self._failure('answered no image')

    def run(self, frames: int, rate: float) -> Samples:
        """Publish so many images at so many hertz; wait for the masks of the last ones."""
        self._samples.clear()
        dropped = self._dropped
        start = time.perf_counter()
        for index in range(frames):
            self._spin(start + index / rate - time.perf_counter())
            self._publish()
        samples = list(self._samples.values())
        deadline = time.perf_counter() + TAIL
        while not samples[-1].answered and time.perf_counter() < deadline:
            self._spin(0.01)
        return Samples(samples, self._dropped - dropped)

    def _connect(self, reliability: ReliabilityPolicy) -> None:
        node = self._node
        driver = QoSProfile(depth=QUEUE, reliability=reliability)
        self._images = node.create_publisher(Image, 'image', driver)
        self._prompt_publisher = node.create_publisher(Prompt, 'prompt', QUEUE)
        topics = {
            'masks': (MaskArray, self._on_masks),
            'latency': (Latency, self._on_latency),
            'prompt_status': (PromptStatus, self._on_status),
        }
        for name, (kind, callback) in topics.items():
            node.create_subscription(kind, f'segmenter/{name}', callback, QUEUE)

    def _publish(self) -> None:
        stamp_ns = time.time_ns()
        self._message.header.stamp = to_time(stamp_ns)
        self._samples[stamp_ns] = Sample(time.perf_counter())
        self._images.publish(self._message)

    def _ask(self) -> None:
        for object_id, (x, y) in enumerate(scene.clicks(self._prompts), start=1):
            if object_id not in self._accepted:
                # A stated square: a search would find others in noise for every network.
                point = Point2D(x=x, y=y)
                self._prompt_publisher.publish(
                    Prompt(object_id=object_id, points=[point], roi_size=192)
                )

    def _spin(self, seconds: float) -> None:
        """Serve callbacks for so long."""
        until = time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            self._executor.spin_once(timeout_sec=left)

    def _on_masks(self, message: MaskArray) -> None:
        now = time.perf_counter()
        sample = self._samples.get(from_time(message.header.stamp))
        if sample is not None and len(message.masks) == self._prompts:
            sample.returned = now

    def _on_latency(self, message: Latency) -> None:
        self._dropped = message.dropped
        sample = self._samples.get(from_time(message.header.stamp))
        if sample is not None:
            sample.latency = {stage: getattr(message, stage) for stage in STAGES}

    def _on_status(self, message: PromptStatus) -> None:
        if message.state in (PromptStatus.ACCEPTED, PromptStatus.CLAMPED):
            self._accepted.add(message.object_id)

    def _failure(self, what: str) -> RuntimeError:
        self._output.seek(0)
        return RuntimeError(f'the segmenter node {what}; it printed:\n{self._output.read()}')


@contextmanager
def camera(setting: Setting, frames: int) -> Iterator[Camera]:
    """Start the node and a camera for it, on a ROS domain of their own; once in a process.

    `frames` is how many will be measured.
    """
    use_own_domain()
    if not setting.profile:
        os.environ['FASTDDS_BUILTIN_TRANSPORTS'] = 'DEFAULT'
    if setting.malloc:
        ros_process.tune_malloc()
    with _segmenter(setting) as (process, output):
        # After the node's start, which takes a profile of its own where none is inherited.
        ros_process.use_shipped_profile()
        rclpy.init()
        try:
            driver = Camera(setting, process, output)
            driver.begin(min(WARM_UP, frames))
            yield driver
        finally:
            rclpy.shutdown()


def use_own_domain() -> None:
    """Leave the domain that robots of this network may use, and the network."""
    os.environ['ROS_DOMAIN_ID'] = str(os.getpid() % 18 + 215)
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    if os.environ.get('ROS_DISTRO') == 'humble':
        os.environ['ROS_LOCALHOST_ONLY'] = '1'


@contextmanager
def _segmenter(setting: Setting) -> Iterator[tuple[subprocess.Popen, IO[str]]]:
    command = [sys.executable, '-m', 'benchmarks.rigs.segmenter']
    command += [] if setting.malloc else [PLAIN_MALLOC]
    command += [PREBUILT] if setting.prebuilt else []
    # Nothing in the image can be followed.
    command += ['--ros-args', '-p', 'track:=false']
    with TemporaryFile('w+', encoding='utf-8') as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield process, output
        finally:
            process.terminate()
            process.wait()


def run(setting: Setting, frames: int, rate: float) -> Samples:
    """One run in this process, which should be a fresh one: see `timing.isolated`."""
    with camera(setting, frames) as driver:
        return driver.run(frames, rate)
