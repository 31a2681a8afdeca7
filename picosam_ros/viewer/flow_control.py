"""What a client's link carries, learnt from how long its acknowledgements take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from picosam_ros.viewer.encoding import LEVELS, Level

# Pictures on their way that a client has not acknowledged: the second keeps the link busy while
# the answer to the first travels.
IN_FLIGHT = 2
FIRST_LEVEL = 3
# A picture that takes longer is too large for the link; one that takes less leaves room.
SLOW_S, FAST_S = 0.20, 0.08
# Pictures in a row that were fast before a larger one is tried.
TRIAL = 60
_WEIGHT = 0.2


class Link:
    """Chooses the level of one client, and says when it may get another picture.

    Args:
        clock: seconds that never jump.

    Attributes:
        acknowledged: pictures that the client has drawn.
        round_trip_s: from sending to acknowledging, smoothed; NaN before the first.

    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.acknowledged = 0
        self.round_trip_s = math.nan
        self._clock = clock
        self._index = FIRST_LEVEL
        self._sent: dict[int, float] = {}
        self._fast = 0
        self._ignored = 0

    @property
    def level(self) -> Level:
        """Size and quality of the next picture."""
        return LEVELS[self._index]

    @property
    def free(self) -> bool:
        """Whether the client may get another picture."""
        return len(self._sent) < IN_FLIGHT

    def sending(self, number: int) -> None:
        """Note that a scene goes out."""
        self._sent[number] = self._clock()

    def acknowledge(self, number: int, *, held: bool = False) -> bool:
        """Note that the client has drawn a scene; false if it was never sent.

        Where the user `held` it, the time tells nothing about the link.
        """
        if number not in self._sent:
            return False
        took = self._clock() - self._sent[number]
        # What was sent before it was drawn before it, or replaced.
        self._sent = {sent: at for sent, at in self._sent.items() if sent > number}
        self.acknowledged += 1
        if held:
            return True
        known = self.round_trip_s if not math.isnan(self.round_trip_s) else took
        self.round_trip_s = known + _WEIGHT * (took - known)
        self._judge(took)
        return True

    def _judge(self, took: float) -> None:
        if self._ignored:
            # It still had the size that was given up.
            self._ignored -= 1
        elif took > SLOW_S and self._index > 0:
            self._move(-1)
        elif took < FAST_S:
            self._fast += 1
            if self._fast >= TRIAL and self._index < len(LEVELS) - 1:
                self._move(+1)
        else:
            self._fast = 0

    def _move(self, step: int) -> None:
        self._index += step
        self._fast = 0
        self._ignored = len(self._sent)
