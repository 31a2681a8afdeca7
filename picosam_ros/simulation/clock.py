"""The time that the simulated sensor lives in: the real one, or one that only waits move on."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """A steady clock and the wall clock beside it, in nanoseconds."""

    stepped: bool

    def now_ns(self) -> int:
        """Steady time (CLOCK_MONOTONIC)."""

    def wall_ns(self) -> int:
        """Time since 1970."""

    def sleep_until(self, steady_ns: int) -> None:
        """Return at that moment; at once if it has passed."""


class SteadyClock:
    """The clocks of this machine; the sensor runs in a thread of its own."""

    stepped = False

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def wall_ns(self) -> int:
        return time.time_ns()

    def sleep_until(self, steady_ns: int) -> None:
        time.sleep(max(steady_ns - time.monotonic_ns(), 0) / 1e9)


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
