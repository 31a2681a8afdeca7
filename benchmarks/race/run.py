"""The race: every heat in rounds, in each round everybody once, in changing order."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from benchmarks import machine
from benchmarks.race.contenders import Entrant, Files
from benchmarks.race.results import Finish, Results, Times
from benchmarks.race.worker_process import Lane
from benchmarks.race.workloads import FIRST, Heat

# So often at least, and then as long as it took less than so many seconds in a heat.
LEAST, SECONDS = 3, 6.0


def race(
    field: Sequence[Entrant], heats: Sequence[Heat], files: Files, *, threads: int, rounds: int
) -> Results:
    """Let all run all heats.

    Args:
        field: who runs.
        heats: what.
        files: of EdgeSAM.
        threads: of one inference.
        rounds: of each heat; the slow ones rest when their time is up.

    """
    described = machine.describe()
    with ExitStack() as stack:
        lanes = {e.name: stack.enter_context(Lane(e.name, files, threads)) for e in field}
        finishes = {e.name: finish for e in field if (finish := _opened(lanes[e.name], e))}
        ready = [entrant for entrant in field if entrant.name in finishes]
        for heat in heats:
            _say(heat.name)
            running = [lanes[entrant.name] for entrant in ready if heat.prompts <= entrant.most]
            for name, times in _heat(running, heat, rounds).items():
                finishes[name].heats[heat.name] = times
        for name, finish in finishes.items():
            finishes[name] = replace(finish, memory_mb=lanes[name].memory())
    _say('')
    return Results(described, threads, finishes)


def _opened(lane: Lane, entrant: Entrant) -> Finish | None:
    """Open it; a peer that cannot run here is told and left out."""
    _say(f'opening {lane.name}')
    try:
        return Finish(lane.open().wall, lane.run(FIRST).wall, ours=entrant.ours)
    except RuntimeError as error:
        if entrant.ours:
            raise
        print(f'left out: {error}', file=sys.stderr)
        return None


def _heat(lanes: Sequence[Lane], heat: Heat, rounds: int) -> dict[str, Times]:
    walls: dict[str, list[float]] = defaultdict(list)
    cpus: dict[str, list[float]] = defaultdict(list)
    for lane in lanes:
        lane.run(replace(heat, again=False))  # a new size needs new memory: not timed
    for number in range(rounds):
        # Whoever comes after a busy one finds colder caches: nobody always does.
        start = number % len(lanes)
        for lane in (*lanes[start:], *lanes[:start]):
            spent = walls[lane.name]
            if len(spent) < LEAST or sum(spent) < 1e3 * SECONDS:
                turn = lane.run(heat)
                spent.append(turn.wall)
                cpus[lane.name].append(turn.cpu)
    return {name: Times.of(walls[name], cpus[name]) for name in walls}


def _say(what: str) -> None:
    if sys.stderr.isatty():
        print(f'\r\033[K{what}', end='' if what else '\r', file=sys.stderr, flush=True)
