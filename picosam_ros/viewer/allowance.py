"""How many messages a client may send: a bucket that fills as time passes."""

from __future__ import annotations

import time
from collections.abc import Callable

# A page acknowledges each picture, and a hand cannot point faster than this.
PER_SECOND, BURST = 120.0, 240.0
# Messages beyond the allowance after which the client is sent away.
MAX_REFUSED = 500


class Allowance:
    """Counts what one client sends.

    Args:
        clock: seconds that never jump.

    Attributes:
        refused: messages beyond it.

    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.refused = 0
        self._clock = clock
        self._left = BURST
        self._filled = clock()

    def take(self) -> bool:
        """Tell whether one more message is allowed."""
        now = self._clock()
        self._left = min(self._left + PER_SECOND * (now - self._filled), BURST)
        self._filled = now
        if self._left < 1:
            self.refused += 1
            return False
        self._left -= 1
        return True

    @property
    def complaint(self) -> str:
        """What is told to a client that sends too much."""
        return f'more than {PER_SECOND:g} messages per second: send fewer'

    @property
    def exhausted(self) -> bool:
        """Whether it went on for too long."""
        return self.refused > MAX_REFUSED
