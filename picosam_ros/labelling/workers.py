"""Jobs in several processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from typing import Any

from picosam_ros.errors import WorkerError
from picosam_ros.labelling.job import Job
from picosam_ros.labelling.worker_process import Failed, Finished, Progress, Work, serve

# How often a job is given to a process before its recording is taken for what kills it.
TRIES = 3

WAIT_S = 0.1
# Within this time a process that was told to end has ended; else it is killed.
END_S = 0.4


class WorkerPool:
    """Does jobs in processes, each of which keeps what it opened; see Runner.

    Also one worker is a process of its own: what kills it ends a job, and not the command.

    Args:
        count: of processes.
        work: does a job; a function of a module, which the processes import.

    """

    def __init__(self, count: int, work: Work) -> None:
        self._count = count
        self._work = work

    def run(
        self,
        jobs: list[Job],
        *,
        done: Callable[[Job, bytes], None],
        progress: Callable[[int], None],
        stopped: Callable[[], bool],
    ) -> None:
        """Do all jobs, the longest first.

        Raises:
            PicosamError: of a job; or its processes were killed, TRIES times.
            RuntimeError: a job raised anything else; its traceback is in the cause.

        """
        run = _Run(self._count, self._work, jobs, done)
        try:
            while not run.over and not stopped():
                run.step()
                progress(run.images)
        finally:
            run.end()


class _Worker:
    """A process.

    Attributes:
        pipe: to it.
        job: what it does; None if it waits for one.
        images: of that job that are done.
        dead: whether it has ended by itself.

    """

    def __init__(self, work: Work, single_threaded: bool) -> None:
        self.job: Job | None = None
        self.images = 0
        self.dead = False
        context = multiprocessing.get_context('spawn')
        self.pipe, pipe = context.Pipe()
        self._process = context.Process(
            target=serve,
            args=(work, os.getpid(), pipe, single_threaded),
            name='picosam_label',
            daemon=True,
        )
        with pipe:
            _start_without_ctrl_c(self._process)

    def take(self, job: Job) -> None:
        """Begin a job."""
        self.job, self.images = job, 0
        # If it was killed while it waited, the end of the pipe tells it.
        with suppress(ConnectionError):
            self.pipe.send(job)

    def messages(self) -> Iterator[Progress | Finished | Failed]:
        """Yield what it sent; once nothing more can come, it is dead."""
        try:
            while self.pipe.poll():
                yield self.pipe.recv()
        except (EOFError, OSError):  # OSError: it was killed in the middle of a message.
            self.dead = True

    def tell_to_end(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def end(self, moment: float) -> int:
        """Wait until a moment of the steady clock, kill it then, and return the exit code."""
        self._process.join(max(0.0, moment - time.monotonic()))
        self._process.kill()
        self._process.join()
        self.pipe.close()
        return self._process.exitcode or 0


class _Run:
    """The state of `WorkerPool.run`."""

    def __init__(
        self, count: int, work: Work, jobs: list[Job], done: Callable[[Job, bytes], None]
    ) -> None:
        self._count = count
        self._work = work
        self._done = done
        self._waiting = deque(sorted(jobs, key=lambda job: -job.images))
        self._workers: list[_Worker] = []
        self._killed: Counter[str] = Counter()
        self._finished = 0

    @property
    def over(self) -> bool:
        """Whether all jobs are done."""
        return not self._waiting and all(worker.job is None for worker in self._workers)

    @property
    def images(self) -> int:
        """How many are done, without those of jobs that have to be done again."""
        return self._finished + sum(worker.images for worker in self._workers)

    def step(self) -> None:
        """Give jobs to who has none, and take what was done."""
        self._hand_out()
        ready = wait([worker.pipe for worker in self._workers], WAIT_S)
        for worker in [worker for worker in self._workers if worker.pipe in ready]:
            for message in worker.messages():
                self._take(worker, message)
            if worker.dead:
                self._bury(worker)

    def end(self) -> None:
        """End all processes."""
        for worker in self._workers:
            worker.tell_to_end()
        moment = time.monotonic() + END_S
        for worker in self._workers:
            worker.end(moment)

    def _hand_out(self) -> None:
        for worker in self._workers:
            if worker.job is None and self._waiting:
                worker.take(self._waiting.popleft())
        while self._waiting and len(self._workers) < self._count:
            worker = _Worker(self._work, single_threaded=self._count > 1)
            self._workers.append(worker)
            worker.take(self._waiting.popleft())

    def _take(self, worker: _Worker, message: Progress | Finished | Failed) -> None:
        if isinstance(message, Progress):
            worker.images = message.images
        elif isinstance(message, Failed):
            raise message.to_error()
        elif worker.job is not None:
            job, worker.job = worker.job, None
            self._finished += worker.images
            worker.images = 0
            self._done(job, message.result)

    def _bury(self, worker: _Worker) -> None:
        """Have the job of a process that died done again."""
        self._workers.remove(worker)
        code = worker.end(time.monotonic() + END_S)
        if worker.job is None:
            return
        self._killed[worker.job.id] += 1
        if self._killed[worker.job.id] == TRIES:
            raise WorkerError(_death_text(worker.job, code))
        self._waiting.appendleft(worker.job)


def _death_text(job: Job, code: int) -> str:
    return (
        f'{job.path}: the process that labels it {_how(code)}, {TRIES} times; if memory is short '
        '(`dmesg` tells whom the kernel killed for it), give fewer --processes, else leave this '
        'recording out'
    )


def _how(code: int) -> str:
    if code >= 0:
        return f'ended with exit code {code}'
    try:
        return f'was ended by {signal.Signals(-code).name}'
    except ValueError:  # a real-time signal
        return f'was ended by signal {-code}'


def _start_without_ctrl_c(process: Any) -> None:
    """Start a process that hears no SIGINT, also before it can ignore it itself."""
    # Its own start would let the signal through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
