"""Where a pipeline's time goes, summed up a few times a second."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from picosam_ros.latency import LatencyWindow, Timing
from picosam_ros.viewer import protocol

# Results that a median is taken from, and that a rate is taken from, in seconds.
_RESULTS = 15
_SECONDS = 2.0


class Figures:
    """Collects timings; `text` gives them as a message.

    Args:
        clock: seconds that never jump.

    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._window = LatencyWindow(_RESULTS)
        self._arrivals: deque[float] = deque()
        self._dropped = 0

    def add(self, timing: Timing, dropped: int) -> None:
        """Note one result, and how many images were dropped so far."""
        self._window.add(timing)
        self._dropped = dropped
        self._arrivals.append(self._clock())

    def text(self) -> str:
        """Give the newest medians and the rate."""
        now = self._clock()
        while self._arrivals and now - self._arrivals[0] > _SECONDS:
            self._arrivals.popleft()
        if not self._arrivals:
            self._window.clear()
        rate = 0.0
        if len(self._arrivals) > 1:
            rate = (len(self._arrivals) - 1) / (self._arrivals[-1] - self._arrivals[0])
        stages = {stage: p.p50 for stage, p in self._window.percentiles().items()}
        return protocol.figures(stages, rate=rate, dropped=self._dropped)
