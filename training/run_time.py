"""How long a run of one network file takes beside another's, also on a machine with other work.

The two run in turns, and each round gives one ratio: what slows the machine for longer than a round
slows both. Their order changes from round to round, and the median leaves out what was interrupted.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from picosam_ros.engines.runtimes import LoadedNetwork, load

ROUNDS = 120
# The first runs plan memory and fill caches.
UNCOUNTED = 5
# Side of the square where a file takes any: what the engine runs most.
SIDE = 192


@dataclass(frozen=True)
class Comparison:
    """Medians of a run in milliseconds, and of the ratio in each round, new to old."""

    old_ms: float
    new_ms: float
    ratio: float


def compare(old: Path, new: Path, rounds: int = ROUNDS) -> Comparison:
    """Run two files in turns on random pixels, one square a run, with one thread."""
    return interleaved(*(_run_of(load(path, threads=1)) for path in (old, new)), rounds)


def interleaved(
    old: Callable[[], object],
    new: Callable[[], object],
    rounds: int = ROUNDS,
    clock: Callable[[], float] = time.perf_counter,
) -> Comparison:
    """Call both in turns, and compare how long they take by the clock, which tells seconds."""

    def seconds(call: Callable[[], object]) -> float:
        start = clock()
        call()
        return clock() - start

    taken = []
    for number in range(UNCOUNTED + rounds):
        if number % 2:
            second, first = seconds(new), seconds(old)
        else:
            first, second = seconds(old), seconds(new)
        taken.append((first, second))
    counted = taken[UNCOUNTED:]
    old_ms, new_ms = (1000 * median(column) for column in zip(*counted, strict=True))
    return Comparison(old_ms, new_ms, median(after / before for before, after in counted))


def _run_of(network: LoadedNetwork) -> Callable[[], object]:
    rng = np.random.default_rng(0)
    feed = {
        port.name: rng.integers(0, 256, _shape(port.shape)).astype(port.dtype)
        for port in network.inputs
    }
    wanted = [port.name for port in network.outputs]
    return lambda: network.run(feed, wanted)


def _shape(sides: tuple[int | str, ...]) -> list[int]:
    """Shape of one square: what is free is one picture, then its sides."""
    batch, *others = sides
    return [
        batch if isinstance(batch, int) else 1,
        *(side if isinstance(side, int) else SIDE for side in others),
    ]
