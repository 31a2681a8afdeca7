"""A complaint in the log, once: for what is a state and not an event."""

from __future__ import annotations

import time
from collections.abc import Callable


class Notice:
    """Tells a complaint once it has lasted for a while, and that it is over.

    The same complaint is not told again while it lasts; another one is.

    Args:
        warn: takes the complaint.
        inform: takes the sentence that it is over.
        after_s: so long it lasts before it is told, in seconds.
        clock: steady, in seconds.

    """

    def __init__(
        self,
        warn: Callable[[str], object],
        inform: Callable[[str], object],
        *,
        after_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._warn = warn
        self._inform = inform
        self._after_s = after_s
        self._clock = clock
        self._since: float | None = None
        self._told = ''

    def update(self, complaint: str, over: str) -> None:
        """Take the state: a complaint, or an empty text and the sentence that it is over."""
        if not complaint:
            if self._told:
                self._inform(over)
            self.clear()
            return
        if self._since is None:
            self._since = self._clock()
        if complaint != self._told and self._clock() - self._since >= self._after_s:
            self._told = complaint
            self._warn(complaint)

    def clear(self) -> None:
        """Forget all: nothing is expected now."""
        self._since, self._told = None, ''
