"""The main loop of a worker's process, and what it tells the process that started it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection

from picosam_ros.engines import ENGINES
from picosam_ros.errors import PicosamError, fault_text
from picosam_ros.labelling.job import Job

# Does a job: takes it, what is called with the number of its images that are done, and what tells
# that the result is not wanted any more; returns the result.
Work = Callable[[Job, Callable[[int], None], Callable[[], bool]], bytes]

PROGRESS_S = 0.1

# <linux/prctl.h>
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Progress:
    """How many images of the job are done."""

    images: int


@dataclass(frozen=True)
class Finished:
    """What the job gave."""

    result: bytes


@dataclass(frozen=True)
class Failed:
    """Why a job cannot be done.

    Attributes:
        text: a sentence.
        error: what to raise, if the fault was foreseen.
        trace: the traceback of one that was not.

    """

    text: str
    error: PicosamError | None = None
    trace: str = ''

    def to_error(self) -> Exception:
        """Return what the process that wanted the result raises."""
        if self.error is not None:
            return self.error
        error = RuntimeError(self.text)
        error.__cause__ = RuntimeError(f'in the process of the worker:\n{self.trace}')
        return error


class Throttle:
    """Passes on a number, at most ten times a second and the last one by `flush`.

    Attributes:
        number: that was given last.

    """

    def __init__(self, tell: Callable[[int], None]) -> None:
        self._tell = tell
        self._told_at = 0.0
        self._told = 0
        self.number = 0

    def __call__(self, number: int) -> None:
        """Take the number."""
        self.number = number
        if time.monotonic() >= self._told_at + PROGRESS_S:
            self.flush()

    def flush(self) -> None:
        """Pass on what was held back."""
        if self.number != self._told:
            self._told_at = time.monotonic()
            self._tell(self.number)
            self._told = self.number


def serve(work: Work, parent: int, pipe: Connection, single_threaded: bool) -> None:
    """Do the jobs that come through a pipe until its other end is closed.

    Args:
        work: does one.
        parent: the process that reads the other end; this one ends with it.
        pipe: gives jobs, takes Progress, and Finished or Failed after each job.
        single_threaded: whether other workers want the other cores.

    """
    # Ctrl-C in the terminal reaches all processes, and the parent decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    _end_with(parent)
    if single_threaded:
        use_one_thread()
    with suppress(EOFError, ConnectionError):
        while True:
            job = pipe.recv()
            tell = Throttle(lambda images: pipe.send(Progress(images)))
            # Nothing is sent to a worker at work: what can be read is that the end was closed.
            done = answer(work, single(job) if single_threaded else job, tell, pipe.poll)
            tell.flush()
            pipe.send(done)


def answer(
    work: Work, job: Job, progress: Callable[[int], None], stopped: Callable[[], bool]
) -> Finished | Failed:
    """Do a job; what it raises is part of what is returned."""
    try:
        return Finished(work(job, progress, stopped))
    except ConnectionError:
        raise
    except Exception as error:  # noqa: BLE001 - raised again by who wanted the result
        return failure_of(job, error)


def failure_of(job: Job, error: Exception) -> Failed:
    """Return the message of an error."""
    if isinstance(error, PicosamError):
        return Failed(str(error), error)
    return Failed(f'{job.path}: {fault_text(error)}', trace=traceback.format_exc())


def single(job: Job) -> Job:
    """Return a job whose engine takes one thread, unless another number was asked for."""
    choice = job.engine
    if 'threads' not in ENGINES.options_of(choice.name) or 'threads' in choice.options:
        return job
    return replace(job, engine=replace(choice, options={**choice.options, 'threads': 1}))


def use_one_thread() -> None:
    """Leave the other cores to the other workers."""
    import cv2

    cv2.setNumThreads(1)


def _end_with(parent: int) -> None:
    """Let the kernel kill this process when its parent ends, in whatever way."""
    if sys.platform == 'linux':
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            raise SystemExit(1)
