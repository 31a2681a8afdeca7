"""One process for all nodes of a robot, against one for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import mean, median

import numpy as np

from benchmarks.report import Row
from benchmarks.rigs.robot import Watch, watch
from benchmarks.timing import isolated

TITLE = 'Camera, cloud and viewer in three processes and in one, VGA at 30 Hz, 1 object, 1 browser'
# Starts of each; they take turns, so that both see the same machine.
ROUNDS = 3
_NAMES = {False: 'three processes', True: 'one process'}


def measure(frames: int) -> Iterator[Row]:
    """So many images of each in all."""
    watches: dict[bool, list[Watch]] = {False: [], True: []}
    for number in range(ROUNDS):
        for composed in (False, True) if number % 2 else (True, False):
            watches[composed].append(isolated(watch, composed, max(frames // ROUNDS, 2)))
    for composed, name in _NAMES.items():
        seen = watches[composed]
        yield from _ages(f'{name}: masks at the cloud, age', seen, lambda each: each.cloud_ms)
        yield from _ages(f'{name}: masks at the viewer, age', seen, lambda each: each.viewer_ms)
        cpu = mean(each.cpu_ms for each in seen)
        note = f'all processes; rounds: {", ".join(f"{each.cpu_ms:.1f}" for each in seen)}'
        yield Row(f'{name}: processor time of an image', cpu, 'ms', note=note)
        memory = median(each.memory_mb for each in seen)
        yield Row(f'{name}: memory', memory, 'MB', note='what no other process has, summed')


def _ages(name: str, watches: Sequence[Watch], of: Callable[[Watch], list[float]]) -> Iterator[Row]:
    values = [ms for each in watches for ms in of(each)]
    note = f'median of {len(values)}: stamp of the image to the arrival of what is made of them'
    yield Row(name, float(np.median(values)), 'ms', note=note)
    yield Row(f'{name}, 95th percentile', float(np.percentile(values, 95)), 'ms')
