"""Camera, cloud and viewer of a robot, in one process or in three, and who listens to them."""

from __future__ import annotations

import asyncio
import json
import os
import struct
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import rclpy
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

from benchmarks.films.photo_files import photo_file
from benchmarks.rigs import scene
from benchmarks.rigs.node_process import NodeProcess
from benchmarks.rigs.stream import QUEUE, TIMEOUT_S, use_own_domain
from picosam_ros.ros import process as ros_process
from picosam_ros.ros.messages import from_time
from picosam_ros.spatial.calibration import Calibration, write_calibration

RATE = 30.0
_TICKS = os.sysconf('SC_CLK_TCK')
_PROMPTS = '- id: 1\n  points: [[320, 240]]\n  roi_size: 192\n'
_CALIBRATION = Calibration(
    scene.WIDTH,
    scene.HEIGHT,
    distortion_model='plumb_bob',
    d=(0.0,) * 5,
    k=(525.0, 0, 319.5, 0, 525.0, 239.5, 0, 0, 1),
    r=(1, 0, 0, 0, 1, 0, 0, 0, 1),
    p=(525.0, 0, 319.5, 0, 0, 525.0, 239.5, 0, 0, 0, 1, 0),
    camera_name='camera',
)


@dataclass(frozen=True)
class Watch:
    """What was seen of a robot in some seconds.

    Attributes:
        cloud_ms: age of the pose of the object at its arrival here, of each image with one.
        viewer_ms: age of the masks at their arrival in a client of the viewer, of each image.
        cpu_ms: processor time of all of the robot's processes, for each image of the camera.
        memory_mb: what they hold, summed.

    """

    cloud_ms: list[float]
    viewer_ms: list[float]
    cpu_ms: float
    memory_mb: float


def watch(composed: bool, frames: int) -> Watch:
    """Start a robot, and listen to so many images; once in a process, see `timing.isolated`."""
    use_own_domain()
    ros_process.prepare()
    with tempfile.TemporaryDirectory() as folder, _robot(composed, Path(folder)) as processes:
        rclpy.init()
        try:
            listener = Listener(processes)
            listener.begin()
            return listener.watch(frames)
        finally:
            rclpy.shutdown()


class Listener(Node):
    """One who takes the object's pose, and has the page open."""

    def __init__(self, processes: Sequence[NodeProcess]) -> None:
        super().__init__('listener')
        self._processes = processes
        self._url = ''
        self._poses: list[float] = []
        self._frames: list[float] = []
        self._executor = ros_process.make_executor()
        self._executor.add_node(self)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.create_subscription(PoseStamped, 'cloud/pose', self._on_pose, QUEUE)
        self.create_subscription(String, 'viewer/url', self._on_url, latched)

    def begin(self) -> None:
        """Come back when poses and masks arrive."""
        self._spin_until(lambda: self._url)
        threading.Thread(target=lambda: asyncio.run(self._look()), daemon=True).start()
        self._spin_until(lambda: len(self._poses) > RATE and len(self._frames) > RATE)

    def watch(self, frames: int) -> Watch:
        """Listen to so many images."""
        self._poses.clear()
        self._frames.clear()
        before, begun = self._cpu_s(), time.monotonic()
        each = self._frames, self._poses
        self._spin_until(lambda: min(map(len, each)) >= frames, TIMEOUT_S + frames)
        used = self._cpu_s() - before
        memory = sum(process.footprint().memory_mb for process in self._processes)
        cpu_ms = 1e3 * used / (RATE * (time.monotonic() - begun))
        return Watch(list(self._poses), list(self._frames), cpu_ms, memory)

    def _cpu_s(self) -> float:
        return sum(_cpu_s(process.pid) for process in self._processes)

    def _spin_until(self, condition: Any, seconds: float = TIMEOUT_S) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline or not all(each.running for each in self._processes):
                printed = '\n'.join(each.output for each in self._processes)
                raise RuntimeError(f'the robot does not answer; it printed:\n{printed}')
            self._executor.spin_once(timeout_sec=0.05)

    def _on_pose(self, message: PoseStamped) -> None:
        self._poses.append((time.time_ns() - from_time(message.header.stamp)) / 1e6)

    def _on_url(self, message: String) -> None:
        self._url = message.data

    async def _look(self) -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f'{self._url}socket', max_msg_size=0) as connection,
        ):
            async for message in connection:
                if message.type == aiohttp.WSMsgType.BINARY:
                    now = time.time_ns()
                    (length,) = struct.unpack_from('<I', message.data)
                    shown = json.loads(message.data[4 : 4 + length])
                    await connection.send_json({'type': 'ack', 'number': shown['number']})
                    if shown['masks']:
                        self._frames.append((now - int(shown['stamp'])) / 1e6)


@contextmanager
def _robot(composed: bool, folder: Path) -> Iterator[Sequence[NodeProcess]]:
    photos = folder / 'photos'
    photos.mkdir()
    # One alone: an object is lost with its photo.
    (photos / 'coffee.png').symlink_to(photo_file('coffee'))
    write_calibration(_CALIBRATION, folder / 'camera.yaml')
    (folder / 'prompts.yaml').write_text(_PROMPTS, encoding='utf-8')
    camera: dict[str, object] = {
        'camera': 'photos',
        'source': str(photos),
        'rate': RATE,
        'camera_info_url': str(folder / 'camera.yaml'),
        'prompts': str(folder / 'prompts.yaml'),
        # The network and its time are the same for all.
        'model': 'picosam-lite-96',
        # A point that stays has a mask in every image, whatever is there.
        'track': False,
    }
    cloud: dict[str, object] = {'mode': 'ground', 'camera_height': 1.0, 'camera_pitch': 0.4}
    viewer: dict[str, object] = {'port': 0}
    with ExitStack() as processes:
        if composed:
            camera |= {f'cloud:{name}': value for name, value in cloud.items()}
            camera |= {f'viewer:{name}': value for name, value in viewer.items()}
            made = [NodeProcess('camera', camera, words=('--with', 'cloud,viewer'))]
        else:
            topics = ('label_mask', 'confidence')
            made = [
                NodeProcess('camera', camera),
                NodeProcess('cloud', cloud, {each: f'camera/{each}' for each in topics}),
                NodeProcess('viewer', viewer, {'image': 'image_raw'}),
            ]
        for each in made:
            processes.enter_context(each)
        yield made
        for each in made:
            each.end()


def _cpu_s(pid: int) -> float:
    """Processor time of a process and all of its threads, in seconds."""
    fields = Path(f'/proc/{pid}/stat').read_text(encoding='utf-8').rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
