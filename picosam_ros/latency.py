"""Where the time goes: the stages of one result, and their percentiles over many."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

NAN = math.nan


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
