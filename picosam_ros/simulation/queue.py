"""Completed requests, and the jobs that wait for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from picosam_ros.simulation.clock import Clock
from picosam_ros.simulation.jobs import Function, Job, Loop, Turn, make_loop
from picosam_ros.simulation.request import CompletedRequest

Callback = Callable[[CompletedRequest], None]


class RequestQueue:
    """Keeps the newest request for who asks next; the older ones go back to the camera.

    Args:
        clock: of the loop.
        turn: the camera's: it calls `process` with the requests that are complete.

    """

    def __init__(self, clock: Clock, turn: Turn) -> None:
        self.kept = 1
        self.count = 0
        self.failure: BaseException | None = None
        self._clock = clock
        self._turn = turn
        self._lock = threading.Lock()
        self._jobs: list[Job] = []
        self._completed: list[CompletedRequest] = []
        self._loop: Loop | None = None

    def run(self) -> None:
        """Let the loop take its turns; a second call wakes it."""
        if self._loop is None:
            self._loop = make_loop(self._clock, self._guarded_turn)
        self._loop.wake()

    def stop(self) -> None:
        """End the loop."""
        if self._loop is not None:
            self._loop.stop()
            self._loop = None

    def process(self, requests: list[CompletedRequest], callback: Callback | None) -> None:
        """Show new requests to the callback, then do what jobs can be done."""
        with self._lock:
            for request in requests:
                request.acquire()
            self._completed += requests
            self.count += len(requests)
            if callback is not None:
                for request in requests:
                    callback(request)
            finished = []
            while self._jobs and self._jobs[0].execute():
                finished.append(self._jobs.pop(0))
            for request in requests:
                request.release()
            while len(self._completed) > self.kept:
                self._completed.pop(0).release()
        for job in finished:
            job.signal()

    def dispatch(
        self,
        functions: Sequence[Function],
        wait: bool | float | None,
        signal_function: Callable[[Job], None] | None,
    ) -> Any:
        """Queue a job; its result, or the job itself where nobody waits.

        Args:
            functions: of the job.
            wait: True, seconds, or False; None waits unless there is a `signal_function`.
            signal_function: called with the finished job.

        """
        if wait is None:
            wait = signal_function is None
        job = Job(functions, signal_function)
        with self._lock:
            self._jobs.append(job)
            if self.failure is not None:
                job.fail(self.failure)
        loop = self._loop
        if loop is not None:
            loop.wake()
        # The numbers 0 and 1 are no truth values here.
        if not wait:
            return job
        timeout = None if wait is True else float(wait)
        return job.get_result(timeout) if loop is None else loop.wait(job, timeout)

    def take(self) -> tuple[bool, CompletedRequest | None]:
        """As a job's function: the oldest request, with its hold."""
        if not self._completed:
            return False, None
        return True, self._completed.pop(0)

    def take_metadata(self) -> tuple[bool, Any]:
        """As a job's function: the metadata of the oldest request, which is released."""
        _, request = self.take()
        if request is None:
            return False, None
        metadata = request.get_metadata()
        request.release()
        return True, metadata

    def skip_before(self, steady_ns: int) -> tuple[bool, None]:
        """As a job's function: drop requests until one began to be exposed at that moment."""
        while self._completed:
            metadata = self._completed[0].get_metadata()
            if metadata['SensorTimestamp'] - 1000 * metadata['ExposureTime'] >= steady_ns:
                return True, None
            self._completed.pop(0).release()
        return False, None

    def drop_all(self) -> None:
        """Release what nobody asked for; called in the loop, or without one."""
        while self._completed:
            self._completed.pop(0).release()

    def cancel_all(self) -> None:
        """Cancel and forget all jobs."""
        with self._lock:
            jobs, self._jobs = self._jobs, []
        for job in jobs:
            job.cancel()

    def _guarded_turn(self) -> int | None:
        """The camera's turn; if the simulation itself fails, who waits gets the error."""
        if self.failure is not None:
            return None
        try:
            return self._turn()
        except Exception as error:  # noqa: BLE001 - raised again in every thread that waits
            with self._lock:
                self.failure = error
                jobs, self._jobs = self._jobs, []
            for job in jobs:
                job.fail(error)
            return None
