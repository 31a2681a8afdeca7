"""What the page shows beside the image: means of the latency, and rates."""

from __future__ import annotations

import time
from collections.abc import Callable

from picosam_ros.latency import LatencyWindow, Timing
from picosam_ros.rates import CountRate, RateMeter
from picosam_ros.viewer import messages

# Results of the means, and the time window of the rates.
_MEAN_RESULTS = 15
_RATE_WINDOW_S = 2.0


class ViewerStatistics:
    """Means of the newest timings, and the rates of results and of skipped images.

    Args:
        clock: steady, in seconds.

    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._window = LatencyWindow(_MEAN_RESULTS)
        self._rate = RateMeter(_RATE_WINDOW_S, clock)
        self._skipped = CountRate(_RATE_WINDOW_S, clock)

    def add(self, timing: Timing, dropped: int) -> None:
        """Add one result; `dropped` is the number of images dropped so far."""
        self._window.add(timing)
        self._skipped.add(dropped)
        self._rate.add()

    def text(self) -> str:
        """Return the message `statistics`."""
        if not self._rate.count:
            self._window.clear()
        stages = self._window.means()
        return messages.statistics(stages, rate=self._rate.rate, skipped=self._skipped.rate)
