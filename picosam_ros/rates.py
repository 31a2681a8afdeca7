"""How often something happens: events and counters over the last seconds."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise


def rate_of(moments: Sequence[float]) -> float:
    """Return the events per second between the first and the last moment, which are in seconds.

    0 before the second event.
    """
    seconds = moments[-1] - moments[0] if moments else 0.0
    return (len(moments) - 1) / seconds if seconds > 0 else 0.0


class RateMeter:
    """Events per second over the last seconds.

    Args:
        window_s: how far back, in seconds.
        clock: monotonic, in seconds.

    """

    def __init__(self, window_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._window_s = window_s
        self._clock = clock
        self._moments: deque[float] = deque()

    def add(self) -> None:
        """Count an event that happens now."""
        self._moments.append(self._clock())
        self._forget_old()

    @property
    def count(self) -> int:
        """Events in the window."""
        self._forget_old()
        return len(self._moments)

    @property
    def rate(self) -> float:
        """In Hz; 0 before the second event in the window."""
        self._forget_old()
        return rate_of(self._moments)

    def _forget_old(self) -> None:
        begin = self._clock() - self._window_s
        while self._moments and self._moments[0] < begin:
            self._moments.popleft()


class CountRate:
    """How fast a counter grew over the last seconds; one that starts anew grew from zero.

    Args:
        window_s: how far back, in seconds.
        clock: monotonic, in seconds.

    """

    def __init__(self, window_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._window_s = window_s
        self._clock = clock
        self._readings: deque[tuple[float, int]] = deque()

    def add(self, count: int) -> None:
        """Note what the counter shows now."""
        self._readings.append((self._clock(), count))
        self._forget_old()

    @property
    def rate(self) -> float:
        """In Hz; 0 before the second reading in the window."""
        self._forget_old()
        seconds = self._readings[-1][0] - self._readings[0][0] if self._readings else 0.0
        grown = growth(count for _, count in self._readings)
        return grown / seconds if seconds > 0 else 0.0

    def _forget_old(self) -> None:
        begin = self._clock() - self._window_s
        while self._readings and self._readings[0][0] < begin:
            self._readings.popleft()


def growth(counts: Iterable[int]) -> int:
    """Return how much a counter grew in all; one that starts anew counts from zero."""
    return sum(max(0, after - before) for before, after in pairwise(counts))
