"""An image stream: its rate, age and frame ids, and what they mean for `/diagnostics`."""

from __future__ import annotations

import math
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from picosam_ros.latency import rate_of
from picosam_ros.ros.connections import Connection
from picosam_ros.ros.diagnostics import ERROR, OK, STALE, WARN, Status

# Tolerated for a stamp: synchronised clocks differ by some milliseconds.
FUTURE_S = 0.1
# Tolerated deviation from the expected rate, which is checked after this many seconds.
TOLERANCE = 0.2
_CHECKED_S = 2.0
# Time-out without an image: two seconds, or three periods of a slow camera.
_TIMEOUT_S, _TIMEOUT_PERIODS = 2.0, 3.0

# Advice for an image topic without images.
CHECK_IMAGE_TOPIC = 'is the camera node running? is the topic name right (remap image:=TOPIC)?'

# The rate is that of the last five seconds, and of three images at least.
WINDOW_S = 5.0
_LEAST, _MOST = 3, 2000


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


@dataclass(frozen=True)
class Expected:
    """Requirements on an image stream.

    Attributes:
        rate: in Hz; 0 for any.
        max_age_s: from stamp to arrival; 0 for any.
        period_s: between two images, where the camera defines it.

    """

    rate: float = 0.0
    max_age_s: float = 0.0
    period_s: float = 0.0

    @property
    def timeout_s(self) -> float:
        """Return the seconds without an image after which the stream is stale."""
        period = max(self.period_s, 1 / self.rate if self.rate else 0.0)
        return max(_TIMEOUT_S, _TIMEOUT_PERIODS * period)


@dataclass(frozen=True)
class Source:
    """Origin of an image stream.

    Attributes:
        name: a topic, or a noun such as `the camera`.
        advice: what to check while no image arrives.

    """

    name: str
    advice: str


def input_status(
    stats: StreamStats,
    expected: Expected,
    source: Source,
    connection: Connection | None,
    values: Mapping[str, object],
) -> Status:
    """Return the status of the stream; the first fault is the message.

    Args:
        stats: what arrived.
        expected: what is required.
        source: of the images.
        connection: of the source, if that is a topic.
        values: further ones to show.

    """
    shown = {**values_of(stats), **values}
    if stats.silence_s > expected.timeout_s:
        level = WARN if math.isinf(stats.silence_s) else STALE
        if connection is not None and connection.incompatible:
            level = ERROR
        return Status(level, _silence(stats, source, connection), shown)
    complaint = _stamps(stats, expected, source) or _frames(stats, source) or _rate(stats, expected)
    if complaint:
        return Status(WARN, complaint, shown)
    return Status(OK, 'images arrive', shown)


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


def _silence(stats: StreamStats, source: Source, connection: Connection | None) -> str:
    if math.isinf(stats.silence_s):
        fault = f'no image yet from {source.name}'
    else:
        fault = f'no image from {source.name} for {duration_text(stats.silence_s)}'
    if connection is None:
        return f'{fault}: {source.advice}'
    if connection.incompatible:
        return f'{fault}: {connection.incompatible[0]}'
    if not connection.peers:
        return f'{fault}: it has no publisher; {source.advice}'
    return (
        f'{fault}, which has {connection.count}: is the camera streaming? has the network the '
        'bandwidth for its images?'
    )


def _stamps(stats: StreamStats, expected: Expected, source: Source) -> str:
    if not stats.stamped:
        return f'images from {source.name} have no stamp: the camera driver must set it'
    if not stats.ages_s:
        return ''
    minimum, median, _ = stats.ages_s
    advice = "is the camera's clock synchronised? is use_sim_time right?"
    if minimum < -FUTURE_S:
        return f'stamps are {duration_text(-minimum)} in the future: {advice}'
    if expected.max_age_s and median > expected.max_age_s:
        return (
            f'stamps are {duration_text(median)} old on arrival: {advice} '
            f'(max_age is {expected.max_age_s:g} s, 0 accepts any)'
        )
    return ''


def _frames(stats: StreamStats, source: Source) -> str:
    if len(stats.frame_ids) > 1:
        names = ', '.join(repr(name) for name in stats.frame_ids)
        return f'images from {source.name} have several frame ids, {names}: do two cameras publish?'
    if stats.frame_ids == ('',):
        return (
            f'images from {source.name} have no frame id, so nothing can be placed in 3-D: set '
            'that of the camera driver'
        )
    if stats.frame_ids and stats.frame_ids[0].startswith('/'):
        return f'the frame id {stats.frame_ids[0]!r} begins with a slash, which TF does not allow'
    return ''


def _rate(stats: StreamStats, expected: Expected) -> str:
    if not expected.rate or math.isnan(stats.rate) or stats.span_s < _CHECKED_S:
        return ''
    fault = f'images arrive at {stats.rate:.1f} Hz, expected_rate is {expected.rate:g} Hz'
    if stats.rate < (1 - TOLERANCE) * expected.rate:
        return f'{fault}: is the camera set to that rate? does the transport lose images?'
    if stats.rate > (1 + TOLERANCE) * expected.rate:
        return f'{fault}: do two cameras publish?'
    return ''


def duration_text(seconds: float) -> str:
    """Return a duration in the unit that suits its length."""
    if seconds < 0.995:
        return f'{1e3 * seconds:.0f} ms'
    for limit, unit, name in ((120, 1, 's'), (7200, 60, 'min'), (172_800, 3600, 'h')):
        if seconds < limit:
            return f'{seconds / unit:.3g} {name}'
    return f'{seconds / 86_400:,.0f} days'


def _recent(seen: list[_Arrival]) -> list[_Arrival]:
    begin = min(seen[-1].at - WINDOW_S, seen[-_LEAST:][0].at)
    return [arrival for arrival in seen if arrival.at >= begin]
