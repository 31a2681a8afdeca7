"""Latency and rate: the stages of one result, percentiles over many, and a record of them."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise

import numpy as np

NAN = math.nan

# An hour at 30 Hz; the table on the terminal is about the last ten seconds of that.
_LENGTH, _RECENT = 108_000, 300


@dataclass(frozen=True)
class Timing:
    """The stages of one result, in milliseconds; NaN where the path has no such stage.

    `exposure`, `dnn` and `dsp` happen in the sensor; `receive` is the rest of the time from the
    capture stamp to arrival, `queue` arrival to the start of work, `encode` a network's run on the
    whole image, once for each image (0 where it is known already), `inference` its runs for the
    prompts, `decode` logits to messages, the tracker's judgement included; what the tracker learns
    comes after publishing. `total` is capture stamp to the end of publishing, measured and not
    summed up.
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
    return replace(
        timing,
        receive=age - sum(stage for stage in sensor if not math.isnan(stage)),
        queue=queue,
        decode=timing.decode + decode,
        publish=publish,
        total=age + since_offer,
    )


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


def percentiles_of(timings: Sequence[Timing]) -> dict[str, Percentiles]:
    """Of every stage that occurred."""
    summary = {}
    for stage in STAGES:
        values = [value for t in timings if not math.isnan(value := getattr(t, stage))]
        if values:
            summary[stage] = Percentiles(*map(float, np.percentile(values, (50, 95, 99))))
    return summary


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
    # A node that was activated anew counts from zero.
    dropped = sum(max(0, b.dropped - a.dropped) for a, b in pairwise(samples))
    return LatencySummary(
        topic=topic,
        seconds=seconds,
        results=len(samples),
        answered=sum(bool(sample.prompts) for sample in samples),
        rate_hz=rate_of([sample.at for sample in samples]),
        dropped=dropped,
        stages=percentiles_of([sample.timing for sample in measured(samples)]),
    )
