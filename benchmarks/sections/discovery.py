"""How soon nodes find each other, and what they send for it while they idle."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from benchmarks.report import Row
from benchmarks.rigs.stream import ROOT, TIMEOUT_S, use_own_domain
from benchmarks.timing import isolated

TITLE = 'Nodes that find each other on one machine'
STARTS = 30
COUNTS = (2, 6)
# Until the announcements of a start are over; then three of the later ones of Fast DDS's own
# settings.
QUIET_S, COUNTED_S = 12.0, 9.0

Settings = dict[str, str]

DEFAULTS: Settings = {'FASTDDS_BUILTIN_TRANSPORTS': 'DEFAULT'}
STATIC: Settings = {'ROS_STATIC_PEERS': '127.0.0.1'}
VARIANTS: dict[str, Settings] = {
    'as shipped': {},
    'without config/fastdds.xml': DEFAULTS,
    'as shipped, static peers': STATIC,
}


def measure(frames: int) -> Iterator[Row]:
    """Start a node up to thirty times; count packets; kill a node."""
    starts = min(max(frames // 10, 2), STARTS)
    for name, settings in VARIANTS.items():
        seconds = isolated(discoveries, settings, starts, QUIET_S)
        note = f'median of {starts} starts; the longest {max(seconds):.2f} s'
        yield Row(f'{name}: discovery', median(seconds), 's', note=note)
        for count in COUNTS:
            rate = isolated(packets_per_second, settings, count, QUIET_S, COUNTED_S)
            yield Row(f'{name}: {count} idle nodes', rate, 'packets/s')
    note = 'until its topics are gone from the graph'
    yield Row('a node is killed', isolated(seconds_until_missed, {}), 's', note=note)


def packets_per_second(settings: Settings, count: int, quiet_s: float, counted_s: float) -> float:
    """UDP packets that so many idle nodes send; what others send meanwhile counts, too."""
    with ExitStack() as stack:
        _prepare(settings)
        for number in range(count):
            stack.enter_context(_echo(f'idle{number}'))
        time.sleep(quiet_s)
        before, begun = _packets_sent(), time.perf_counter()
        time.sleep(counted_s)
        return (_packets_sent() - before) / (time.perf_counter() - begun)


def discoveries(settings: Settings, starts: int, quiet_s: float) -> list[float]:
    """Seconds from the start of a node to the first answer of one that has run for `quiet_s`."""
    _prepare(settings)
    with _echo('late'):
        time.sleep(quiet_s)
        return [isolated(_discovery) for _ in range(starts)]


def seconds_until_missed(settings: Settings) -> float:
    """Seconds from the kill of a node until its topics are gone from the graph of another."""
    import rclpy
    from rclpy.node import Node

    _prepare(settings)
    with _echo('killed') as process:
        rclpy.init()
        node = Node('watch')
        _wait(lambda: node.count_publishers('killed/answer'))
        process.kill()
        begun = time.perf_counter()
        _wait(lambda: not node.count_publishers('killed/answer'))
        seconds = time.perf_counter() - begun
        rclpy.shutdown()
        return seconds


def _discovery() -> float:
    import rclpy
    from rclpy.context import Context
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.node import Node
    from std_msgs.msg import UInt32

    begun = time.perf_counter()
    context = Context()
    rclpy.init(context=context)
    node, answers = Node('late', context=context), []
    questions = node.create_publisher(UInt32, 'late', 10)
    node.create_subscription(UInt32, 'late/answer', answers.append, 10)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)

    def answered() -> bool:
        questions.publish(UInt32())
        executor.spin_once(timeout_sec=0.01)
        return bool(answers)

    _wait(answered)
    seconds = time.perf_counter() - begun
    executor.shutdown()
    node.destroy_node()
    rclpy.shutdown(context=context)
    return seconds


def _prepare(settings: Settings) -> None:
    from picosam_ros.ros import process

    use_own_domain()
    os.environ.update(settings)
    process.use_shipped_profile(process.SENDS_MASKS)


@contextmanager
def _echo(topic: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, '-m', 'benchmarks.rigs.echo', topic]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            if process.stdout.readline() != 'ready\n':
                raise RuntimeError(f'{" ".join(command)} ended before it was ready')
            yield process
        finally:
            process.kill()


def _packets_sent() -> int:
    names, values = (
        line.split()
        for line in Path('/proc/net/snmp').read_text(encoding='ascii').splitlines()
        if line.startswith('Udp:')
    )
    return int(values[names.index('OutDatagrams')])


def _wait(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f'nothing came for {TIMEOUT_S:.0f} s')
        time.sleep(0.001)
