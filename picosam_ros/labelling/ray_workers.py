"""Jobs on the machines of a Ray cluster (https://docs.ray.io): the optional package `ray`."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from picosam_ros.errors import WorkerError
from picosam_ros.labelling.job import Job
from picosam_ros.labelling.worker_process import (
    Failed,
    Finished,
    Throttle,
    Work,
    answer,
    single,
    use_one_thread,
)
from picosam_ros.labelling.workers import TRIES

# Tasks per CPU of the cluster that are handed over: one at work, and one that can follow at once.
TASKS_PER_CPU = 2

WAIT_S = 0.1
CONNECT_S = 5.0

# Addresses that Ray finds itself, or starts.
BY_RAY = ('auto', 'local')
START = (
    'start one with `ray start --head` and give its address, HOST:6379, or `auto` on that machine'
)


@dataclass(frozen=True)
class Answer:
    """What a task returns: the outcome of its job, and how many images it did."""

    outcome: Finished | Failed
    images: int


class RayPool:
    """Does jobs as tasks of Ray, which has those of lost workers done again; see Runner.

    Every machine needs this package, and the recordings under the same paths.

    Args:
        address: of the cluster: HOST:PORT, 'ray://HOST:PORT', or 'auto' for the one that this
            machine belongs to.
        work: does a job; a function of a module, which the workers import.

    """

    def __init__(self, address: str, work: Work) -> None:
        self._address = address
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
            PicosamError: of a job; its workers were killed, TRIES times; or Ray is not installed
                or cannot be reached.
            RuntimeError: a job raised anything else; its traceback is in the cause.

        """
        with _connected(self._address) as ray:
            run = _Run(ray, self._work, jobs, done)
            try:
                while not run.over and not stopped():
                    run.step()
                    progress(run.images)
            finally:
                run.end()


class _Counts:
    """An actor: the images that are done of each job at work."""

    def __init__(self) -> None:
        self._images: dict[int, int] = {}

    def tell(self, number: int, images: int) -> None:
        """Take the count of a job."""
        self._images[number] = images

    def of(self, numbers: list[int]) -> int:
        """Return the sum of some jobs, and forget the others."""
        self._images = {one: self._images[one] for one in numbers if one in self._images}
        return sum(self._images.values())


class _Run:
    """The state of `RayPool.run`."""

    def __init__(
        self, ray: Any, work: Work, jobs: list[Job], done: Callable[[Job, bytes], None]
    ) -> None:
        self._ray = ray
        self._work = work
        self._done = done
        self._waiting = deque(enumerate(sorted(jobs, key=lambda job: -job.images)))
        self._tasks: dict[Any, tuple[int, Job]] = {}
        self._finished = self._running = 0
        # A new actor knows soon again: each worker tells all that it did of its job.
        self._counts = ray.remote(num_cpus=0, max_restarts=-1)(_Counts).remote()
        self._task = ray.remote(num_cpus=1, max_retries=TRIES - 1)(_do)

    @property
    def over(self) -> bool:
        """Whether all jobs are done."""
        return not self._waiting and not self._tasks

    @property
    def images(self) -> int:
        """How many are done, without those of jobs that have to be done again."""
        numbers = [number for number, _ in self._tasks.values()]
        with suppress(self._ray.exceptions.RayActorError, self._ray.exceptions.GetTimeoutError):
            self._running = self._ray.get(self._counts.of.remote(numbers), timeout=WAIT_S)
        return self._finished + self._running

    def step(self) -> None:
        """Hand over jobs, and take what was done."""
        self._hand_over()
        ready, _ = self._ray.wait(list(self._tasks), timeout=WAIT_S)
        for task in ready:
            self._take(self._tasks.pop(task)[1], task)

    def end(self) -> None:
        """Give up what is not done."""
        for task in self._tasks:
            self._ray.cancel(task, force=True)

    def _hand_over(self) -> None:
        cpus = self._ray.cluster_resources().get('CPU', 1)
        while self._waiting and len(self._tasks) < TASKS_PER_CPU * cpus:
            number, job = self._waiting.popleft()
            there = replace(job, path=job.path.absolute())
            self._tasks[self._task.remote(self._work, there, number, self._counts)] = number, job

    def _take(self, job: Job, task: Any) -> None:
        try:
            answered = self._ray.get(task)
        except self._ray.exceptions.RayError as error:
            raise WorkerError(_loss_text(job, error)) from error
        if isinstance(answered.outcome, Failed):
            raise answered.outcome.to_error()
        self._finished += answered.images
        self._done(job, answered.outcome.result)


def _do(work: Work, job: Job, number: int, counts: Any) -> Answer:
    """Do a job, in a worker of Ray."""
    use_one_thread()
    tell = Throttle(lambda images: counts.tell.remote(number, images))
    # What a worker that was lost had done of it.
    counts.tell.remote(number, 0)
    if not job.path.exists():
        return Answer(_missing(job), 0)
    # Who does not want the result any more has the worker killed.
    return Answer(answer(work, single(job), tell, lambda: False), tell.number)


def _missing(job: Job) -> Failed:
    text = (
        f'{job.path}: machine {socket.gethostname()} of the cluster has no such file; give a path '
        'that is the same on all machines, on a shared disk for example'
    )
    return Failed(text, WorkerError(text))


def _loss_text(job: Job, error: Exception) -> str:
    lines = str(error).strip().splitlines() or ['']
    return (
        f'{job.path}: its workers were lost, {TRIES} times ({type(error).__name__}: {lines[-1]}); '
        'see that each machine has this release of picosam_ros and memory enough, else leave this '
        'recording out'
    )


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """Yield the package ray, which is connected to the cluster."""
    try:
        import ray
    except ImportError as error:
        raise WorkerError(
            f'the Python package ray is missing ({error}); install it with: pip install ray'
        ) from error
    _check_reachable(address)
    try:
        with _own_signals():
            ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise WorkerError(
            f'the Ray cluster {address!r} cannot be used: {error}; {START}'
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _check_reachable(address: str) -> None:
    """Raise WorkerError if nothing listens there: Ray would try for many minutes."""
    if address in BY_RAY:
        return
    host, _, port = address.removeprefix('ray://').rpartition(':')
    if not host or not port.isdecimal():
        raise WorkerError(f'Ray cluster {address!r} was given, which is no HOST:PORT; {START}')
    try:
        socket.create_connection((host, int(port)), CONNECT_S).close()
    except (OSError, OverflowError) as error:
        raise WorkerError(f'no Ray cluster answers at {address}: {error}; {START}') from error


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep this program's handling of SIGTERM, which Ray would replace."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before or signal.SIG_DFL)
