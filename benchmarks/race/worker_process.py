"""A process for each entrant: its memory and CPU time are its own, and it rests between turns."""

from __future__ import annotations

import time
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np

from benchmarks.race import workloads
from benchmarks.race.contenders import Files, Runner, entrants
from benchmarks.race.workloads import Heat
from benchmarks.rigs.process_sizes import read_sizes


@dataclass(frozen=True)
class Turn:
    """One call: milliseconds on the clock, and of CPU in all threads of the process."""

    wall: float
    cpu: float


class Lane:
    """Speaks to the process of one entrant; a context, which ends it."""

    def __init__(self, name: str, files: Files, threads: int) -> None:
        context = get_context('spawn')
        self.name = name
        self._ours, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, name, files, threads), daemon=True
        )

    def __enter__(self) -> Lane:
        self._process.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.join()

    def open(self) -> Turn:
        """Import, make, load, warm up."""
        return Turn(*self._ask('open', None))

    def run(self, heat: Heat) -> Turn:
        """Answer one picture."""
        return Turn(*self._ask('run', heat))

    def memory(self) -> float:
        """Resident megabytes of the process, its interpreter included."""
        return float(self._ask('memory', None))

    def _ask(self, verb: str, heat: Heat | None) -> Any:
        self._ours.send((verb, heat))
        answer = self._ours.recv()
        if isinstance(answer, Exception):
            raise RuntimeError(f'{self.name}: {answer}') from answer
        return answer


class _Stall:
    """Where the runner and its pictures are, in the process."""

    def __init__(self, name: str, files: Files, threads: int) -> None:
        self._make = entrants(files)[name].make
        self._threads = threads
        self._runner: Runner
        self._pictures: dict[tuple[int, int], np.ndarray] = {}
        self._number = 0

    def open(self, _: None) -> tuple[float, float]:
        def work() -> None:
            self._runner = self._make(self._threads)
            self._runner.open()

        return _timed(work)

    def run(self, heat: Heat) -> tuple[float, float]:
        size = heat.width, heat.height
        if size not in self._pictures:
            self._pictures[size] = workloads.picture(heat)
        if not heat.again:
            self._number += 1
        frame, prompts = (
            workloads.frame(self._pictures[size], self._number),
            workloads.prompts(heat),
        )
        return _timed(lambda: self._runner.answer(frame, prompts))

    def memory(self, _: None) -> float:
        return read_sizes(Path('/proc/self'))['Rss']


def _serve(connection: Connection, name: str, files: Files, threads: int) -> None:
    cv2.setNumThreads(1)  # as the nodes do
    stall = _Stall(name, files, threads)
    while True:
        verb, heat = connection.recv()
        try:
            connection.send(getattr(stall, verb)(heat))
        except Exception as error:  # noqa: BLE001 - told where it was asked
            connection.send(error)


def _timed(work: Any) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return 1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - cpu)
