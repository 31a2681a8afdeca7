"""What came on a `~/latency` topic, and its summary."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from picosam_ros.latency import Percentiles, Timing, percentiles_of

# An hour at 30 Hz; the table on the terminal is about the last ten seconds of that.
_LENGTH, _RECENT = 108_000, 300


@dataclass(frozen=True)
class Sample:
    """One message of `~/latency`.

    Attributes:
        at: its arrival here, in seconds that never jump.
        timing: the stages.
        prompts: answered in this result.
        dropped: images that were replaced by a newer one, since activation.

    """

    at: float
    timing: Timing
    prompts: int
    dropped: int


@dataclass(frozen=True)
class Summary:
    """Of some results, one after the other.

    Attributes:
        topic: where they came from.
        seconds: from the first to the last.
        results: how many.
        answered: how many of them had masks. The percentiles are of these, or of all if none had.
        rate_hz: results per second; 0 before the second one.
        dropped: images that were replaced by a newer one meanwhile.
        stages: in milliseconds, in the order of Timing; the last is the total.

    """

    topic: str
    seconds: float
    results: int
    answered: int
    rate_hz: float
    dropped: int
    stages: dict[str, Percentiles]


class Record:
    """The samples of one topic: those of the last hour."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.samples: deque[Sample] = deque(maxlen=_LENGTH)

    def add(self, sample: Sample) -> None:
        """Keep one."""
        self.samples.append(sample)

    def summary(self) -> Summary:
        """Of all samples."""
        return summarise(self.topic, list(self.samples))

    def recent(self) -> Summary:
        """Of the last ones."""
        return summarise(self.topic, list(self.samples)[-_RECENT:])


def measured(samples: Sequence[Sample]) -> list[Sample]:
    """Those with masks, or all if none has any: a result without them has next to no work in it."""
    return [sample for sample in samples if sample.prompts] or list(samples)


def summarise(topic: str, samples: Sequence[Sample]) -> Summary:
    """Sum up samples in the order of their arrival."""
    seconds = samples[-1].at - samples[0].at if samples else 0.0
    # A node that was activated anew counts from zero.
    dropped = sum(max(0, b.dropped - a.dropped) for a, b in pairwise(samples))
    return Summary(
        topic=topic,
        seconds=seconds,
        results=len(samples),
        answered=sum(bool(sample.prompts) for sample in samples),
        rate_hz=(len(samples) - 1) / seconds if seconds else 0.0,
        dropped=dropped,
        stages=percentiles_of([sample.timing for sample in measured(samples)]),
    )
