"""The race: every workload in rounds, in each round each contender once, in changing order."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from benchmarks import machine
from benchmarks.race.contenders import Contender, Files
from benchmarks.race.results import ContenderResult, Results, Times
from benchmarks.race.worker_process import WorkerProcess
from benchmarks.race.workloads import FIRST, Workload

# So often at least, and then as long as it took less than so many seconds in a workload.
MIN_CALLS, MAX_SECONDS = 3, 6.0


def race(
    field: Sequence[Contender],
    workloads: Sequence[Workload],
    files: Files,
    *,
    threads: int,
    rounds: int,
) -> Results:
    """Run all workloads with all contenders.

    Args:
        field: the contenders.
        workloads: to be run.
        files: of EdgeSAM.
        threads: of one inference.
        rounds: of each workload; the slow ones rest when their time is up.

    """
    described = machine.describe()
    with ExitStack() as stack:
        processes = {
            e.name: stack.enter_context(WorkerProcess(e.name, files, threads)) for e in field
        }
        contenders = {c.name: result for c in field if (result := _opened(processes[c.name], c))}
        ready = [contender for contender in field if contender.name in contenders]
        for workload in workloads:
            _show_progress(workload.name)
            running = [
                processes[contender.name]
                for contender in ready
                if workload.prompts <= contender.max_prompts
            ]
            for name, times in _run_workload(running, workload, rounds).items():
                contenders[name].workloads[workload.name] = times
        for name, result in contenders.items():
            contenders[name] = replace(result, memory_mb=processes[name].memory())
    _show_progress('')
    return Results(described, threads, contenders)


def _opened(process: WorkerProcess, contender: Contender) -> ContenderResult | None:
    """Open it; a peer that cannot run here is left out, with a message."""
    _show_progress(f'opening {process.name}')
    try:
        return ContenderResult(process.open().wall, process.run(FIRST).wall, ours=contender.ours)
    except RuntimeError as error:
        if contender.ours:
            raise
        print(f'left out: {error}', file=sys.stderr)
        return None


def _run_workload(
    processes: Sequence[WorkerProcess], workload: Workload, rounds: int
) -> dict[str, Times]:
    walls: dict[str, list[float]] = defaultdict(list)
    cpus: dict[str, list[float]] = defaultdict(list)
    for process in processes:
        process.run(replace(workload, again=False))  # a new size needs new memory: not timed
    for number in range(rounds):
        # The order changes: after a busy contender the caches are colder.
        start = number % len(processes)
        for process in (*processes[start:], *processes[:start]):
            spent = walls[process.name]
            if len(spent) < MIN_CALLS or sum(spent) < 1e3 * MAX_SECONDS:
                call = process.run(workload)
                spent.append(call.wall)
                cpus[process.name].append(call.cpu)
    return {name: Times.of(walls[name], cpus[name]) for name in walls}


def _show_progress(what: str) -> None:
    if sys.stderr.isatty():
        print(f'\r\033[K{what}', end='' if what else '\r', file=sys.stderr, flush=True)
