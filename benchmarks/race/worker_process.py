"""A process for each contender, with memory and CPU time of its own; idle between its calls."""

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
from benchmarks.race.contenders import Files, Runner, contenders
from benchmarks.race.workloads import Workload
from benchmarks.rigs.process_sizes import read_sizes


@dataclass(frozen=True)
class Call:
    """One call: milliseconds on the clock, and of CPU in all threads of the process."""

    wall: float
    cpu: float


class WorkerProcess:
    """The process of one contender; leaving the `with` block ends it."""

    def __init__(self, name: str, files: Files, threads: int) -> None:
        context = get_context('spawn')
        self.name = name
        self._ours, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, name, files, threads), daemon=True
        )

    def __enter__(self) -> WorkerProcess:
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

    def open(self) -> Call:
        """Import the contender, make it, load it and warm up."""
        return Call(*self._ask('open', None))

    def run(self, workload: Workload) -> Call:
        """Segment one image."""
        return Call(*self._ask('run', workload))

    def memory(self) -> float:
        """Resident megabytes of the process, its interpreter included."""
        return float(self._ask('memory', None))

    def _ask(self, verb: str, workload: Workload | None) -> Any:
        self._ours.send((verb, workload))
        answer = self._ours.recv()
        if isinstance(answer, Exception):
            raise RuntimeError(f'{self.name}: {answer}') from answer
        return answer


class _Worker:
    """Runs in the process: the runner and its images."""

    def __init__(self, name: str, files: Files, threads: int) -> None:
        self._make = contenders(files)[name].make
        self._threads = threads
        self._runner: Runner
        self._images: dict[tuple[int, int], np.ndarray] = {}
        self._number = 0

    def open(self, _: None) -> tuple[float, float]:
        def work() -> None:
            self._runner = self._make(self._threads)
            self._runner.open()

        return _timed(work)

    def run(self, workload: Workload) -> tuple[float, float]:
        size = workload.width, workload.height
        if size not in self._images:
            self._images[size] = workloads.image(workload)
        if not workload.again:
            self._number += 1
        frame, prompts = (
            workloads.frame(self._images[size], self._number),
            workloads.prompts(workload),
        )
        return _timed(lambda: self._runner.answer(frame, prompts))

    def memory(self, _: None) -> float:
        return read_sizes(Path('/proc/self'))['Rss']


def _serve(connection: Connection, name: str, files: Files, threads: int) -> None:
    cv2.setNumThreads(1)  # as the nodes do
    worker = _Worker(name, files, threads)
    while True:
        verb, workload = connection.recv()
        try:
            connection.send(getattr(worker, verb)(workload))
        except Exception as error:  # noqa: BLE001 - raised in the parent process
            connection.send(error)


def _timed(work: Any) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return 1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - cpu)
