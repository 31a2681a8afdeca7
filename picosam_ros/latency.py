"""Latency: the stages of one result, percentiles over many, and a record of them."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace

import numpy as np

from picosam_ros.rates import growth, rate_of

NAN = math.nan

# An hour at 30 Hz; the table on the terminal is about the last ten seconds of that.
_LENGTH, _RECENT = 108_000, 300


@dataclass(frozen=True)
class Timing:
    """The stages of one result, in milliseconds; NaN where the path has no such stage.

    `picosam_ros.stages` says what they are. `encode` is 0 where an image is known already; what
    the tracker learns comes after publishing. `total` is measured and not summed up: `other` is
    what the stages before it leave, so that all of them add up to it.
    """

    exposure: float = NAN
    dnn: float = NAN
    dsp: float = NAN
    receive: float = NAN
    queue: float = NAN
    preprocess: float = NAN
    encode: float = NAN
    inference: float = NAN
    decode: float = NAN
    publish: float = NAN
    other: float = NAN
    total: float = NAN


def completed(
    timing: Timing, *, age: float, queue: float, decode: float, publish: float, since_offer: float
) -> Timing:
    """Add to an engine's timing what happens around it; all in milliseconds.

    Args:
        timing: of the engine.
        age: capture stamp to arrival.
        queue: arrival to the start of work.
        decode: masks to messages, after the engine.
        publish: until they were handed over.
        since_offer: arrival to the end of publishing.

    """
    sensor = (timing.exposure, timing.dnn, timing.dsp)
    known = replace(
        timing,
        receive=age - sum(stage for stage in sensor if not math.isnan(stage)),
        queue=queue,
        decode=timing.decode + decode,
        publish=publish,
    )
    return accounted(known, total=age + since_offer)


def accounted(timing: Timing, *, total: float) -> Timing:
    """Add the total, and what the stages leave of it as `other`; in milliseconds."""
    stages = asdict(replace(timing, other=NAN, total=NAN)).values()
    known = sum(stage for stage in stages if not math.isnan(stage))
    return replace(timing, other=total - known, total=total)


STAGES = tuple(field.name for field in fields(Timing))


@dataclass(frozen=True)
class Percentiles:
    """Of one stage, in milliseconds."""

    p50: float
    p95: float
    p99: float


class LatencyWindow:
    """The last `length` timings, summed up on demand; safe to use from several threads."""

    def __init__(self, length: int = 300) -> None:
        self._timings: deque[Timing] = deque(maxlen=length)
        self._lock = threading.Lock()

    def add(self, timing: Timing) -> None:
        """Remember one."""
        with self._lock:
            self._timings.append(timing)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._timings.clear()

    def percentiles(self) -> dict[str, Percentiles]:
        """Of every stage that occurred."""
        with self._lock:
            timings = list(self._timings)
        return percentiles_of(timings)

    def means(self) -> dict[str, float]:
        """Of every stage that occurred; 0 where a result has none, so that they add up."""
        with self._lock:
            timings = list(self._timings)
        values = {stage: [getattr(timing, stage) for timing in timings] for stage in STAGES}
        return {
            stage: float(np.nansum(each)) / len(each)
            for stage, each in values.items()
            if not np.isnan(each).all()
        }


def percentiles_of(timings: Sequence[Timing]) -> dict[str, Percentiles]:
    """Of every stage that occurred."""
    summary = {}
    for stage in STAGES:
        values = [value for t in timings if not math.isnan(value := getattr(t, stage))]
        if values:
            summary[stage] = Percentiles(*map(float, np.percentile(values, (50, 95, 99))))
    return summary


@dataclass(frozen=True)
class LatencySample:
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
class LatencySummary:
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


class LatencyRecord:
    """The samples of one topic: those of the last hour."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.samples: deque[LatencySample] = deque(maxlen=_LENGTH)

    def add(self, sample: LatencySample) -> None:
        """Keep one."""
        self.samples.append(sample)

    def summary(self) -> LatencySummary:
        """Of all samples."""
        return summarise(self.topic, list(self.samples))

    def recent(self) -> LatencySummary:
        """Of the last ones."""
        return summarise(self.topic, list(self.samples)[-_RECENT:])


def measured(samples: Sequence[LatencySample]) -> list[LatencySample]:
    """Those with masks, or all if none has any: a result without them has next to no work in it."""
    return [sample for sample in samples if sample.prompts] or list(samples)


def summarise(topic: str, samples: Sequence[LatencySample]) -> LatencySummary:
    """Sum up samples in the order of their arrival."""
    seconds = samples[-1].at - samples[0].at if samples else 0.0
    return LatencySummary(
        topic=topic,
        seconds=seconds,
        results=len(samples),
        answered=sum(bool(sample.prompts) for sample in samples),
        rate_hz=rate_of([sample.at for sample in samples]),
        dropped=growth(sample.dropped for sample in samples),
        stages=percentiles_of([sample.timing for sample in measured(samples)]),
    )
