"""Full cycles of a node under fire: images at 30 Hz and prompts at 200/s from another process.

python -m benchmarks.rigs.lifecycle segmenter --cycles 20
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import rclpy
from lifecycle_msgs.msg import Transition
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

from benchmarks.rigs.client import Client, ros
from benchmarks.rigs.node_process import NodeProcess
from benchmarks.rigs.process_sizes import footprint
from picosam_ros.msg import MaskArray, Point2D, Prompt

from sensor_msgs.msg import PointCloud2  # isort: skip

ROOT = Path(__file__).parents[2]
# Reached only where something fails: a busy machine may take its time.
PATIENCE_S = 60.0
WARM_UP = 3
# The object that the storm leaves alone: of the others no mask is current for long.
WITNESS = 200

# The executable and its parameters. Any one of them must go round and round.
NODES: dict[str, tuple[str, dict[str, object]]] = {
    'photos': ('camera', {'camera': 'photos', 'threads': 1}),
    'imx500': ('camera', {'camera': 'imx500', 'simulate': True, 'threads': 1}),
    'segmenter': ('segmenter', {'threads': 1}),
    'cloud': ('cloud', {}),
    'viewer': ('viewer', {'port': 0}),
}

CONFIGURE, CLEANUP = Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_CLEANUP
ACTIVATE, DEACTIVATE = Transition.TRANSITION_ACTIVATE, Transition.TRANSITION_DEACTIVATE
# Each with whether it is possible then.
CYCLE = (
    (DEACTIVATE, False),
    (CONFIGURE, True),
    (CONFIGURE, False),
    (ACTIVATE, True),
    (CLEANUP, False),
    (DEACTIVATE, True),
    (DEACTIVATE, False),
    (CLEANUP, True),
    (ACTIVATE, False),
)


@dataclass
class Facts:
    """What the cycles left, in their order.

    Attributes:
        cycles: that were completed after the warm-up.
        alive: the process ran until it was told to end.
        wrong: transitions that were answered with the wrong outcome, as sentences.
        slowest_s: of all answers to transitions.
        threads, files, memory_mb: of the process, after each of these cycles, unconfigured.
        works: masks, clouds or pages came after the last one.
        code: the exit code, after SIGTERM.
        output: all that the node wrote.

    """

    cycles: int = 0
    alive: bool = False
    wrong: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    threads: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    works: bool = False
    code: int | None = None
    output: str = ''


def run(node: str, cycles: int) -> Facts:
    """Let a node of NODES go round, and then work.

    Args:
        node: its name there.
        cycles: besides those of the warm-up.

    """
    executable, parameters = NODES[node]
    namespace = f'/cycles{os.getpid()}_{node}'
    facts = Facts()
    settings = parameters | {'autostart': False}
    with _ros(), NodeProcess(executable, settings, {'__ns': namespace}) as running:
        client = Client(running, namespace)
        try:
            # An answer is lost while the node has not discovered who asks; this changes nothing.
            client.wait_for(lambda: client.change(DEACTIVATE, 1.0) is not None, PATIENCE_S)
            with _storm(namespace):
                _go_round(client, cycles, facts)
                for transition, possible in CYCLE[1:4]:
                    _change(client, transition, possible, facts)
                facts.works = bool(client.wait_for(_evidence(client, executable), PATIENCE_S))
        finally:
            client.close()
            facts.alive = running.running
            facts.code = running.end(patience_s=PATIENCE_S).code
            facts.output = running.output
    return facts


def _go_round(client: Client, cycles: int, facts: Facts) -> None:
    for number in range(WARM_UP + cycles):
        for transition, possible in CYCLE:
            if not _change(client, transition, possible, facts):
                return
        if number >= WARM_UP:
            facts.cycles += 1
            held = footprint(client.process.pid, children=False)
            facts.threads.append(held.threads)
            facts.files.append(held.files)
            facts.memory_mb.append(held.memory_mb)


def _change(client: Client, transition: int, possible: bool, facts: Facts) -> bool:
    """Ask for a transition, as a lifecycle manager does; return whether there was an answer."""
    begun = time.monotonic()
    made = client.change(transition, PATIENCE_S)
    if made is None:
        facts.wrong.append(f'cycle {facts.cycles}: transition {transition} has no answer')
        return False
    facts.slowest_s = max(facts.slowest_s, time.monotonic() - begun)
    if made != possible:
        facts.wrong.append(f'cycle {facts.cycles}: transition {transition} gave {made}')
    return True


def _evidence(client: Client, executable: str) -> Callable[[], object]:
    """Return what holds once the node works."""
    found: list[Any] = []
    if executable == 'viewer':
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        client.node.create_subscription(String, f'{client.name}/url', found.append, latched)
        return lambda: found and _served(found[-1].data)
    if executable == 'cloud':
        client.node.create_subscription(PointCloud2, f'{client.name}/cloud', found.append, 10)
        return lambda: found
    client.node.create_subscription(MaskArray, f'{client.name}/masks', found.append, 10)
    prompts = client.node.create_publisher(Prompt, 'prompt', 10)
    witness = Prompt(object_id=WITNESS, points=[Point2D(x=160.0, y=120.0)], roi_size=96)
    # Again and again: the first image may not be there yet.
    client.node.create_timer(1.0, lambda: prompts.publish(witness))
    return lambda: any(mask.object_id == WITNESS for array in found for mask in array.masks)


def _served(url: str) -> bool:
    try:
        with urlopen(url, timeout=PATIENCE_S):
            return True
    except HTTPError:  # an answer, too: it wants the token
        return True
    except OSError:
        return False


@contextmanager
def _ros() -> Iterator[None]:
    if rclpy.ok():
        yield
        return
    with ros():
        yield


@contextmanager
def _storm(namespace: str) -> Iterator[None]:
    command = [sys.executable, '-m', 'benchmarks.rigs.storm', namespace]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as running:
        try:
            yield
        finally:
            # Not killed: who dies while it writes leaves a port of Fast DDS that does not work, and
            # a node that ends while Fast DDS makes that port again may crash in there.
            running.terminate()
            try:
                running.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                running.kill()


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('node', choices=NODES)
    parser.add_argument('--cycles', type=int, default=20)
    arguments = parser.parse_args()
    print(run(arguments.node, arguments.cycles))


if __name__ == '__main__':
    main()
