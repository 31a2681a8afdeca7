"""The statistics of an image stream: its rate, the age of its images, their frame ids."""

from __future__ import annotations

import math
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from picosam_ros.rates import rate_of

# The rate is that of the last five seconds, and of three images at least.
WINDOW_S = 5.0
_LEAST, _MOST = 3, 2000
_NEWEST = 30


@dataclass(frozen=True)
class StreamStats:
    """What arrived in the last seconds.

    Attributes:
        rate: in Hz; NaN before the second image.
        span_s: seconds between the first and the last image of `rate`.
        silence_s: seconds since the last image; infinite if there was none.
        ages_s: minimum, median and maximum of arrival minus stamp, in seconds on the clock of the
            stamps; empty while no image could be read. Below zero the stamp is in the future.
        stamped: whether the last image's stamp is other than zero.
        frame_ids: of the images, sorted.

    """

    rate: float = math.nan
    span_s: float = 0.0
    silence_s: float = math.inf
    ages_s: tuple[float, ...] = ()
    stamped: bool = True
    frame_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Arrival:
    at: float
    stamp_ns: int
    received_ns: int
    frame_id: str
    readable: bool


class StreamMonitor:
    """Records when images arrived; safe to use from several threads.

    Args:
        clock: monotonic, in seconds.

    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[_Arrival] = deque(maxlen=_MOST)
        self._lock = threading.Lock()

    def add(self, stamp_ns: int, received_ns: int, frame_id: str) -> None:
        """Record an image: capture and arrival in nanoseconds on one clock, and its frame id."""
        self._add(_Arrival(self._clock(), stamp_ns, received_ns, frame_id, True))

    def add_unreadable(self) -> None:
        """Record an image that could not be read: only its arrival is known."""
        self._add(_Arrival(self._clock(), 0, 0, '', False))

    def clear(self) -> None:
        """Discard all records."""
        with self._lock:
            self._seen.clear()

    def rate(self) -> float:
        """Return that of the newest images in Hz, cheap enough for every image; NaN before two."""
        with self._lock:
            newest = [arrival.at for arrival in islice(reversed(self._seen), _NEWEST)]
        return rate_of(newest[::-1]) or math.nan

    def stats(self) -> StreamStats:
        """Return the statistics of the last WINDOW_S seconds, of three images at least."""
        with self._lock:
            seen = list(self._seen)
        if not seen:
            return StreamStats()
        recent = _recent(seen)
        span = recent[-1].at - recent[0].at
        read = [arrival for arrival in recent if arrival.readable]
        ages = [(arrival.received_ns - arrival.stamp_ns) / 1e9 for arrival in read]
        return StreamStats(
            rate=rate_of([arrival.at for arrival in recent]) or math.nan,
            span_s=span,
            silence_s=self._clock() - seen[-1].at,
            ages_s=(min(ages), statistics.median(ages), max(ages)) if ages else (),
            stamped=not read or read[-1].stamp_ns != 0,
            frame_ids=tuple(sorted({arrival.frame_id for arrival in read})),
        )

    def _add(self, arrival: _Arrival) -> None:
        with self._lock:
            self._seen.append(arrival)


def values_of(stats: StreamStats) -> dict[str, object]:
    """Return the statistics as text, with units in the keys."""
    values: dict[str, object] = {}
    if not math.isnan(stats.rate):
        values['rate Hz'] = f'{stats.rate:.1f}'
    if not math.isinf(stats.silence_s):
        values['last image s ago'] = f'{stats.silence_s:.1f}'
    if stats.ages_s:
        ages = ' / '.join(f'{1e3 * age:.1f}' for age in stats.ages_s)
        values['arrival minus stamp min/median/max ms'] = ages
    if any(stats.frame_ids):
        values['frame_id'] = ', '.join(stats.frame_ids)
    return values


def _recent(seen: list[_Arrival]) -> list[_Arrival]:
    begin = min(seen[-1].at - WINDOW_S, seen[-_LEAST:][0].at)
    return [arrival for arrival in seen if arrival.at >= begin]
