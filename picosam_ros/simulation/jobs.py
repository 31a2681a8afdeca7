"""Work for the camera's event loop, and the loop itself: a thread, or whoever waits.

A job stays in the list until its functions are through, and those behind it wait. So it is with
picamera2, and therefore one that timed out takes the next frame for nobody, until
`cancel_all_and_flush`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from typing import Any, Protocol

from picosam_ros.simulation.clock import Clock

# Returns whether it is through, and its result.
Function = Callable[[], tuple[bool, Any]]

# Does what is due now; returns the steady time of what is due next, None if nothing is.
Turn = Callable[[], int | None]


class Job:
    """Functions that are called in the event loop, each until it is through."""

    def __init__(
        self, functions: Sequence[Function], signal_function: Callable[[Job], None] | None = None
    ) -> None:
        self._functions = list(functions)
        self._signal_function = signal_function
        self._result: Any = None
        self._future: Future[Any] = Future()
        self._future.set_running_or_notify_cancel()

    @property
    def answered(self) -> bool:
        """Whether `get_result` returns at once."""
        return self._future.done()

    def execute(self) -> bool:
        """Go on as far as possible; True at the end."""
        try:
            while self._functions:
                through, self._result = self._functions[0]()
                if not through:
                    return False
                self._functions.pop(0)
        except Exception as error:  # noqa: BLE001 - raised again where the result is asked for
            self.fail(error)
        return True

    def signal(self) -> None:
        """Hand the result to who waits."""
        if not self._future.done():
            self._future.set_result(self._result)
        if self._signal_function:
            self._signal_function(self)

    def fail(self, error: BaseException) -> None:
        """Let who waits have the error."""
        if not self._future.done():
            self._future.set_exception(error)

    def cancel(self) -> None:
        """Let who waits have a CancelledError; the job stays in the list."""
        self.fail(CancelledError())

    def get_result(self, timeout: float | None = None) -> Any:
        """Wait; raises concurrent.futures.TimeoutError after `timeout` seconds."""
        return self._future.result(timeout)


class Loop(Protocol):
    """Takes the camera's turns."""

    def wake(self) -> None:
        """Something may be due."""

    def wait(self, job: Job, timeout: float | None) -> Any:
        """Wait for a job, `timeout` seconds at most."""

    def stop(self) -> None:
        """Take no more turns."""


class ThreadLoop:
    """Takes turns in a thread, when they are due."""

    def __init__(self, clock: Clock, turn: Turn) -> None:
        self._clock = clock
        self._turn = turn
        self._changed = threading.Condition()
        self._woken = self._ended = False
        self._thread = threading.Thread(target=self._run, name='picosam_simulation', daemon=True)
        self._thread.start()

    def wake(self) -> None:
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def wait(self, job: Job, timeout: float | None) -> Any:
        return job.get_result(timeout)

    def stop(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while not self._ended:
            due_ns = self._turn()
            with self._changed:
                self._changed.wait_for(lambda: self._woken or self._ended, self._left(due_ns))
                self._woken = False

    def _left(self, due_ns: int | None) -> float | None:
        return None if due_ns is None else max(due_ns - self._clock.now_ns(), 0) / 1e9


class SteppedLoop:
    """Takes turns while someone waits, and moves the clock on to each."""

    def __init__(self, clock: Clock, turn: Turn) -> None:
        self._clock = clock
        self._turn = turn
        self._lock = threading.RLock()

    def wake(self) -> None:
        """Nobody sleeps."""

    def wait(self, job: Job, timeout: float | None) -> Any:
        """Wait for a job; RuntimeError where a real camera would let it wait for ever."""
        with self._lock:
            end_ns = None if timeout is None else self._clock.now_ns() + round(timeout * 1e9)
            while True:
                due_ns = self._turn()
                if job.answered:
                    break
                if end_ns is not None and (due_ns is None or due_ns > end_ns):
                    self._clock.sleep_until(end_ns)
                    break
                if due_ns is None:
                    raise RuntimeError(
                        'this would wait for ever: no frame will come, or a job that timed out '
                        'blocks the list; give a timeout, or call cancel_all_and_flush()'
                    )
                self._clock.sleep_until(due_ns)
            return job.get_result(0)

    def stop(self) -> None:
        """No thread to end."""


def make_loop(clock: Clock, turn: Turn) -> Loop:
    """Make the loop that suits the clock, and start it."""
    return SteppedLoop(clock, turn) if clock.stepped else ThreadLoop(clock, turn)
