"""What rate, age and frame ids of an image stream mean for `/diagnostics`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from picosam_ros.ros.connections import Connection
from picosam_ros.ros.diagnostics import ERROR, OK, STALE, WARN, Status
from picosam_ros.stream_stats import StreamStats, values_of

# Tolerated for a stamp: synchronised clocks differ by some milliseconds.
FUTURE_S = 0.1
# Tolerated deviation from the expected rate, which is checked after this many seconds.
TOLERANCE = 0.2
_CHECKED_S = 2.0
# Time-out without an image: two seconds, or three periods of a slow camera.
_TIMEOUT_S, _TIMEOUT_PERIODS = 2.0, 3.0

# Advice for an image topic without images.
CHECK_IMAGE_TOPIC = 'is the camera node running? is the topic name right (remap image:=TOPIC)?'


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


def _silence(stats: StreamStats, source: Source, connection: Connection | None) -> str:
    if math.isinf(stats.silence_s):
        fault = f'no image yet from {source.name}'
    else:
        fault = f'no image from {source.name} for {duration_text(stats.silence_s)}'
    return silence_text(fault, source, connection)


def silence_text(fault: str, source: Source, connection: Connection | None) -> str:
    """Return what a stream lacks, and why, as far as the graph tells, or what to check."""
    if connection is None:
        return f'{fault}: {source.advice}'
    if connection.incompatible:
        return f'{fault}: {connection.incompatible[0]}'
    if connection.local:
        return f"{fault}, which a node of this process publishes: see that one's diagnostics"
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
