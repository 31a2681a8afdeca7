"""The time of the simulated sensor: the real one, or one that only waits move on; and its loop."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar

T = TypeVar('T')

# Functions called through it keep the interpreter's lock.
LIBC = ctypes.PyDLL(None)

# At least sizeof(pthread_mutex_t); all zero it is PTHREAD_MUTEX_INITIALIZER.
MUTEX_SIZE = 64

# Does what is due now; returns the steady time of what is due next, None if nothing is.
Turn = Callable[[], int | None]


class Clock(Protocol):
    """A steady clock and the wall clock beside it, in nanoseconds."""

    stepped: bool

    def now_ns(self) -> int:
        """Steady time (CLOCK_MONOTONIC)."""

    def wall_ns(self) -> int:
        """Time since 1970."""

    def sleep_until(self, steady_ns: int) -> None:
        """Return at that moment; at once if it has passed."""

    def hold_until(self, steady_ns: int) -> None:
        """Do so without releasing the interpreter: no other thread runs Python meanwhile."""


class SteadyClock:
    """The clocks of this machine; the sensor runs in a thread of its own."""

    stepped = False

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def wall_ns(self) -> int:
        return time.time_ns()

    def sleep_until(self, steady_ns: int) -> None:
        time.sleep(max(steady_ns - time.monotonic_ns(), 0) / 1e9)

    def hold_until(self, steady_ns: int) -> None:
        # Waiting for a mutex that this very thread holds ends with the time only. Unlike a sleep
        # it goes on after a signal without a return to Python, where other threads would come in.
        mutex = ctypes.create_string_buffer(MUTEX_SIZE)
        moment = (ctypes.c_long * 2)(*divmod(max(steady_ns, 0), 1_000_000_000))
        LIBC.pthread_mutex_lock(mutex)
        LIBC.pthread_mutex_clocklock(mutex, time.CLOCK_MONOTONIC, moment)


class SteppedClock:
    """A clock that stands still until someone waits for it: nothing takes time, all is in order.

    The sensor has no thread then. Who waits for a frame (`capture_request`, `Simulation.step`)
    makes the time pass, event by event, and does the sensor's work.

    Args:
        start_ns: steady time at which it stands first; none takes the present.

    """

    stepped = True

    def __init__(self, start_ns: int | None = None) -> None:
        self._lock = threading.Lock()
        self._now_ns = time.monotonic_ns() if start_ns is None else start_ns
        self._wall_offset_ns = time.time_ns() - time.monotonic_ns()

    def now_ns(self) -> int:
        with self._lock:
            return self._now_ns

    def wall_ns(self) -> int:
        return self.now_ns() + self._wall_offset_ns

    def sleep_until(self, steady_ns: int) -> None:
        with self._lock:
            self._now_ns = max(self._now_ns, steady_ns)

    def hold_until(self, steady_ns: int) -> None:
        self.sleep_until(steady_ns)


class Loop(Protocol):
    """Takes the camera's turns."""

    def wake(self) -> None:
        """Take a turn now: something may be due."""

    def wait(self, future: Future[T], timeout: float | None) -> T:
        """Wait for a result; raises concurrent.futures.TimeoutError after `timeout` seconds."""

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

    def wait(self, future: Future[T], timeout: float | None) -> T:
        return future.result(timeout)

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
        """Return at once: nobody sleeps."""

    def wait(self, future: Future[T], timeout: float | None) -> T:
        """Wait for a result; RuntimeError where a real camera would let it wait for ever."""
        with self._lock:
            end_ns = None if timeout is None else self._clock.now_ns() + round(timeout * 1e9)
            while True:
                due_ns = self._turn()
                if future.done():
                    break
                if end_ns is not None and (due_ns is None or due_ns > end_ns):
                    self._clock.sleep_until(end_ns)
                    break
                if due_ns is None:
                    raise RuntimeError(
                        'this would wait for ever: no frame will come; give a timeout'
                    )
                self._clock.sleep_until(due_ns)
            return future.result(0)

    def stop(self) -> None:
        """Return at once: there is no thread to end."""


def make_loop(clock: Clock, turn: Turn) -> Loop:
    """Make the loop that suits the clock, and start it."""
    return SteppedLoop(clock, turn) if clock.stepped else ThreadLoop(clock, turn)
