"""Who sends images, takes masks or looks at the viewer is killed in mid-stream."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from threading import Event, Thread

from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

from benchmarks.attack.target import Target, masks_go_on, segmenter, unharmed
from benchmarks.report import Row
from benchmarks.rigs.node_process import NodeProcess
from benchmarks.rigs.peer import KINDS
from benchmarks.rigs.process_sizes import Footprint

ROOT = Path(__file__).parents[2]
WARM_UP = len(KINDS)
# How long one that takes part lives, at most.
LIFE_S = 0.5
# Fast DDS keeps what belongs to a silent peer for 20 s (its lease), and notices up to 5 s later.
FORGOTTEN_S = 40.0


def run(count: int, seed: int) -> Iterator[Row]:
    """Kill `count` peers, of each kind in turn."""
    rng = random.Random(seed)
    with segmenter() as target, NodeProcess('viewer', {'port': 0}) as viewer:
        url = _url(target)
        target.begin()
        begun = [_live_and_die(target, kind, url, rng) for kind in islice(cycle(KINDS), WARM_UP)]
        before = _forgotten(target, viewer, None)
        target.forget_gap()
        begun = [_live_and_die(target, kind, url, rng) for kind in islice(cycle(KINDS), count)]
        yield Row('peers that could not take part', count - sum(begun), '', 0, f'{count} peers')
        yield masks_go_on(target)
        _forgotten(target, viewer, before)
        yield Row('browsers left', _browsers(target), '', 0)
        for process, size in zip((target.process, viewer), before, strict=True):
            for row in unharmed(process, size):
                yield Row(f'{process.name}: {row.name}', row.value, row.unit, row.target, row.note)


def _url(target: Target) -> str:
    found: list[str] = []
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    node = target.client.node
    node.create_subscription(String, '/viewer/url', lambda m: found.append(m.data), latched)
    if not target.client.wait_for(lambda: found):
        raise RuntimeError('the viewer told no address')
    return found[0]


def _live_and_die(target: Target, kind: str, url: str, rng: random.Random) -> bool:
    """Let one take part for a random time: whether it did before it was killed."""
    with _peer(kind, url) as (process, takes_part):
        target.client.wait_for(takes_part.is_set)
        target.client.serve(rng.uniform(0, LIFE_S))
        begun = takes_part.is_set() and process.poll() is None
        process.kill()
        process.wait()
    return begun


@contextmanager
def _peer(kind: str, url: str) -> Iterator[tuple[subprocess.Popen[str], Event]]:
    command = [sys.executable, '-m', 'benchmarks.rigs.peer', kind, url]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    takes_part = Event()

    def listen() -> None:
        assert process.stdout is not None
        for _ in process.stdout:
            takes_part.set()

    listening = Thread(target=listen, daemon=True)
    listening.start()
    try:
        yield process, takes_part
    finally:
        process.kill()
        process.wait()
        listening.join()


def _forgotten(
    target: Target, viewer: NodeProcess, before: tuple[Footprint, Footprint] | None
) -> tuple[Footprint, Footprint]:
    """Wait until the nodes have forgotten the dead; return what they hold then."""

    def sizes() -> tuple[Footprint, Footprint]:
        return target.process.footprint(), viewer.footprint()

    def as_before() -> bool:
        now = sizes()
        return before is not None and all(
            new.threads <= old.threads and new.files <= old.files
            for new, old in zip(now, before, strict=True)
        )

    target.client.wait_for(as_before, FORGOTTEN_S)
    return sizes()


def _browsers(target: Target) -> int:
    """Return how many are left, once the next reports have told of the last one."""

    def count() -> int:
        return int(target.client.report('viewer').get('browsers', 0))

    target.client.wait_for(lambda: not count(), FORGOTTEN_S)
    return count()
