"""What the host does for a mask that the sensor computed: the camera node, on replayed tensors."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
import rclpy
from rclpy.node import Node

from benchmarks.report import Row
from benchmarks.rigs import scene, sensor_camera
from benchmarks.rigs.process_sizes import tree
from benchmarks.rigs.stream import (
    QUEUE,
    ROOT,
    TIMEOUT_S,
    use_own_domain,
)
from benchmarks.timing import isolated, medians
from picosam_ros.latency import STAGES
from picosam_ros.msg import Latency, MaskArray, Point2D, Prompt
from picosam_ros.roi import Roi
from picosam_ros.ros import process as ros_process
from picosam_ros.simulation.configuration import in_memory
from picosam_ros.simulation.network import pack
from picosam_ros.simulation.scene import sample

TITLE = 'A mask from the sensor at the camera node: one object, 640×480 at 30 frames per second'
RATE = 30.0
SETTLED = 10  # masks of the sensor in a row after which the run counts
TARGET_HOST_MS = 1.0
TARGET_OTHER_MS = 1.0
TARGET_CPU = 25.0
NODE = ('--ros-args', '-p', 'camera:=imx500', '-p', 'simulate:=true')


@dataclass
class Run:
    """What came while it was measured: masks by engine, and each stage in milliseconds."""

    cpu_share: float = 0.0
    by_sensor: int = 0
    masks: int = 0
    latencies: list[dict[str, float]] = field(default_factory=list)


def measure(frames: int) -> Iterator[Row]:
    """Let the sensor answer so many frames."""
    run = isolated(_run, frames)
    host = [one['decode'] + one['publish'] for one in run.latencies]
    others = [abs(one['other']) for one in run.latencies]
    totals = [one['total'] for one in run.latencies]
    yield Row('host share: decode and publish', median(host), 'ms', TARGET_HOST_MS, _p95(host))
    yield Row('other: in no stage of its own', median(others), 'ms', TARGET_OTHER_MS, _p95(others))
    yield Row('capture to published', median(totals), 'ms', note=f'{_p95(totals)}; simulated')
    yield Row('masks', run.masks, note=f'{run.by_sensor} of them by the sensor')
    simulated = 100 * RATE * _scene_ms(frames) / 1e3
    note = f'of one core, of which the simulated camera is {simulated:.1f} %'
    yield Row('CPU of the camera node and its child', 100 * run.cpu_share, '%', TARGET_CPU, note)


class Listener:
    """Clicks on the object, and notes what comes."""

    def __init__(self) -> None:
        self.run = Run()
        self._in_a_row = 0
        node = self._node = Node('listener')
        self._executor = ros_process.make_executor()
        self._executor.add_node(node)
        self._prompt_publisher = node.create_publisher(Prompt, 'prompt', QUEUE)
        node.create_subscription(MaskArray, 'camera/masks', self._on_masks, QUEUE)
        node.create_subscription(Latency, 'camera/latency', self._on_latency, QUEUE)

    @property
    def settled(self) -> bool:
        """Whether the sensor answers frame after frame."""
        return self._in_a_row >= SETTLED

    def ask(self) -> None:
        """Click once more."""
        point = Point2D(x=sensor_camera.X, y=sensor_camera.Y)
        prompt = Prompt(object_id=1, points=[point], roi_size=sensor_camera.ROI_SIZE)
        self._prompt_publisher.publish(prompt)

    def wait(self, until: Callable[[], bool], seconds: float) -> bool:
        """Serve callbacks until then, or for so long."""
        deadline = time.perf_counter() + seconds
        while not until() and time.perf_counter() < deadline:
            self._executor.spin_once(timeout_sec=0.1)
        return until()

    def _on_masks(self, message: MaskArray) -> None:
        makers = [mask.engine for mask in message.masks]
        self.run.masks += len(makers)
        self.run.by_sensor += makers.count('in_sensor')
        self._in_a_row = self._in_a_row + 1 if makers == ['in_sensor'] else 0

    def _on_latency(self, message: Latency) -> None:
        stages = {stage: getattr(message, stage) for stage in STAGES}
        if not math.isnan(stages['dnn']):
            self.run.latencies.append(stages)


def _run(frames: int) -> Run:
    use_own_domain()
    ros_process.tune_malloc()
    ros_process.use_shipped_profile()
    command = [sys.executable, '-m', 'benchmarks.rigs.sensor_camera', *NODE]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    rclpy.init()
    try:
        listener = Listener()
        deadline, heard = time.perf_counter() + TIMEOUT_S, 0
        while not listener.wait(lambda: listener.settled, 2.0):
            if process.poll() is not None or time.perf_counter() > deadline:
                raise RuntimeError('the sensor of the camera node answered no prompt')
            # Whoever asks again interrupts the answers that come.
            if listener.run.by_sensor == heard:
                listener.ask()
            heard = listener.run.by_sensor
        run = listener.run = Run()
        began, cpu = time.perf_counter(), _cpu_seconds(process.pid)
        listener.wait(lambda: len(run.latencies) >= frames, frames / RATE + TIMEOUT_S)
        run.cpu_share = (_cpu_seconds(process.pid) - cpu) / (time.perf_counter() - began)
        return run
    finally:
        rclpy.shutdown()
        process.terminate()
        process.wait()


def _cpu_seconds(node: int) -> float:
    """User and system time of the node, and of the child that runs its camera."""
    return sum(_cpu_seconds_of(int(each.name)) for each in tree(node))


def _cpu_seconds_of(pid: int) -> float:
    """User and system time of a process, all of its threads."""
    fields = Path(f'/proc/{pid}/stat').read_text(encoding='ascii').rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def _scene_ms(frames: int) -> float:
    """What a frame of the simulated camera costs: a real one has hardware for that."""
    pixels, visible, logits = sensor_camera.image(), Roi(2, 0, 4052, 3040), scene.blob()

    def simulate() -> None:
        in_memory(sample(pixels, visible, scene.WIDTH, scene.HEIGHT), 'RGB888')
        pack(logits, 'picosam', 0)

    return medians([simulate], frames)[0]


def _p95(values: list[float]) -> str:
    return f'95th percentile {np.percentile(values, 95):.2f} ms'
