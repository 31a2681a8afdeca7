"""What `/diagnostics` says about images: do they arrive, how often, when were they taken."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from picosam_ros.ros.connections import Connection
from picosam_ros.ros.diagnostics import ERROR, OK, STALE, WARN, Status
from picosam_ros.ros.stream_stats import StreamStats

# A stamp may be that much ahead: clocks that are synchronised differ by some milliseconds.
FUTURE_S = 0.1
# Neither slower nor faster than expected by more than this; judged after this many seconds.
TOLERANCE = 0.2
_JUDGED_S = 2.0
# An image is missed after two seconds, and after three periods of a slow camera.
_MISSED_S, _MISSED_PERIODS = 2.0, 3.0


@dataclass(frozen=True)
class Expected:
    """What images should be like.

    Attributes:
        rate: in Hz; 0 for any.
        max_age_s: from stamp to arrival; 0 for any.
        period_s: between two images, where it is known otherwise.

    """

    rate: float = 0.0
    max_age_s: float = 0.0
    period_s: float = 0.0

    @property
    def patience_s(self) -> float:
        """Seconds without an image after which one is missed."""
        period = max(self.period_s, 1 / self.rate if self.rate else 0.0)
        return max(_MISSED_S, _MISSED_PERIODS * period)


@dataclass(frozen=True)
class Source:
    """Where images come from.

    Attributes:
        name: a topic, or what a sentence calls it.
        advice: what to look at while nothing comes.

    """

    name: str
    advice: str


def input_status(
    flow: StreamStats,
    expected: Expected,
    source: Source,
    link: Connection | None,
    values: Mapping[str, object],
) -> Status:
    """Judge the images; the first thing that is wrong is the message.

    Args:
        flow: what arrived.
        expected: what should.
        source: where it comes from.
        link: of the source, if that is a topic.
        values: further figures to show.

    """
    figures = {**figures_of(flow), **values}
    if flow.silence_s > expected.patience_s:
        level = WARN if math.isinf(flow.silence_s) else STALE
        if link is not None and link.misfits:
            level = ERROR
        return Status(level, _silence(flow, source, link), figures)
    complaint = _stamps(flow, expected, source) or _frames(flow, source) or _rate(flow, expected)
    if complaint:
        return Status(WARN, complaint, figures)
    return Status(OK, 'images arrive', figures)


def figures_of(flow: StreamStats) -> dict[str, object]:
    """The flow as figures with units."""
    figures: dict[str, object] = {}
    if not math.isnan(flow.rate):
        figures['rate Hz'] = f'{flow.rate:.1f}'
    if not math.isinf(flow.silence_s):
        figures['last image s ago'] = f'{flow.silence_s:.1f}'
    if flow.ages_s:
        ages = ' / '.join(f'{1e3 * age:.1f}' for age in flow.ages_s)
        figures['arrival minus stamp min/median/max ms'] = ages
    if any(flow.frame_ids):
        figures['frame_id'] = ', '.join(flow.frame_ids)
    return figures


def _silence(flow: StreamStats, source: Source, link: Connection | None) -> str:
    if math.isinf(flow.silence_s):
        lack = f'no image yet from {source.name}'
    else:
        lack = f'no image from {source.name} for {spoken(flow.silence_s)}'
    if link is None:
        return f'{lack}: {source.advice}'
    if link.misfits:
        return f'{lack}: {link.misfits[0]}'
    if not link.peers:
        return f'{lack}: nobody publishes it; {source.advice}'
    return f'{lack}, which has {link.count}: does the camera run, can the network carry its images?'


def _stamps(flow: StreamStats, expected: Expected, source: Source) -> str:
    if not flow.stamped:
        return f'images from {source.name} have no stamp: let the camera driver stamp them'
    if not flow.ages_s:
        return ''
    least, median, _ = flow.ages_s
    ask = "is the camera's clock synchronised, is use_sim_time right?"
    if least < -FUTURE_S:
        return f'stamps are {spoken(-least)} in the future: {ask}'
    if expected.max_age_s and median > expected.max_age_s:
        return (
            f'stamps are {spoken(median)} old on arrival: {ask} '
            f'(max_age is {expected.max_age_s:g} s, 0 accepts any)'
        )
    return ''


def _frames(flow: StreamStats, source: Source) -> str:
    if len(flow.frame_ids) > 1:
        names = ', '.join(repr(name) for name in flow.frame_ids)
        return f'images from {source.name} have several frame ids, {names}: do two cameras publish?'
    if flow.frame_ids == ('',):
        return (
            f'images from {source.name} have no frame id, so nothing can be placed in 3-D: set '
            "the camera driver's"
        )
    if flow.frame_ids and flow.frame_ids[0].startswith('/'):
        return f'the frame id {flow.frame_ids[0]!r} begins with a slash, and TF has none like that'
    return ''


def _rate(flow: StreamStats, expected: Expected) -> str:
    if not expected.rate or math.isnan(flow.rate) or flow.span_s < _JUDGED_S:
        return ''
    told = f'images arrive at {flow.rate:.1f} Hz, expected_rate is {expected.rate:g} Hz'
    if flow.rate < (1 - TOLERANCE) * expected.rate:
        return f'{told}: does the camera run at that rate, does the transport lose images?'
    if flow.rate > (1 + TOLERANCE) * expected.rate:
        return f'{told}: do two cameras publish?'
    return ''


def spoken(seconds: float) -> str:
    """A duration in a unit that fits it."""
    if seconds < 0.995:
        return f'{1e3 * seconds:.0f} ms'
    for limit, unit, name in ((120, 1, 's'), (7200, 60, 'min'), (172_800, 3600, 'h')):
        if seconds < limit:
            return f'{seconds / unit:.3g} {name}'
    return f'{seconds / 86_400:,.0f} days'
