"""Image size and rate of one client, adapted to the time that its acknowledgements take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from picosam_ros.viewer.encoding import LEVELS, Level

# Frames sent and not acknowledged yet: the second keeps the link busy while the acknowledgement of
# the first is on its way.
MAX_IN_FLIGHT = 2
FIRST_LEVEL = 3
# Round trips above which the level falls, and below which it may rise.
SLOW_S, FAST_S = 0.20, 0.08
# Consecutive fast round trips before the level rises.
FAST_COUNT = 60
_SMOOTHING = 0.2


class FlowControl:
    """Chooses the level of one client's images, and when the next one may be sent.

    Args:
        clock: steady, in seconds.

    Attributes:
        acknowledged: number of frames that the client has drawn.
        round_trip_s: from sending to acknowledgement, smoothed; NaN before the first.

    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.acknowledged = 0
        self.round_trip_s = math.nan
        self._clock = clock
        self._index = FIRST_LEVEL
        self._in_flight: dict[int, float] = {}
        self._fast = 0
        self._ignored = 0

    @property
    def level(self) -> Level:
        """Size and quality of the next image."""
        return LEVELS[self._index]

    @property
    def ready(self) -> bool:
        """Whether another frame may be sent."""
        return len(self._in_flight) < MAX_IN_FLIGHT

    def sent(self, number: int) -> None:
        """Note that a frame is sent."""
        self._in_flight[number] = self._clock()

    def acknowledge(self, number: int, *, held: bool = False) -> bool:
        """Note that the client has drawn a frame; return whether it was in flight.

        If the user `held` it (page frozen or hidden), its time is not one of the link.
        """
        if number not in self._in_flight:
            return False
        took = self._clock() - self._in_flight[number]
        # Frames sent before it were drawn before it, or replaced.
        self._in_flight = {sent: at for sent, at in self._in_flight.items() if sent > number}
        self.acknowledged += 1
        if held:
            return True
        previous = self.round_trip_s if not math.isnan(self.round_trip_s) else took
        self.round_trip_s = previous + _SMOOTHING * (took - previous)
        self._adapt(took)
        return True

    def _adapt(self, took: float) -> None:
        if self._ignored:
            # It was sent at the level before the last change.
            self._ignored -= 1
        elif took > SLOW_S and self._index > 0:
            self._change_level(-1)
        elif took < FAST_S:
            self._fast += 1
            if self._fast >= FAST_COUNT and self._index < len(LEVELS) - 1:
                self._change_level(+1)
        else:
            self._fast = 0

    def _change_level(self, step: int) -> None:
        self._index += step
        self._fast = 0
        self._ignored = len(self._in_flight)
