"""The objects that browsers made, which go some time after the last browser has gone."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet

# A page that is loaded again, a phone that is unlocked, or a network that fails for a moment finds
# its objects; who opens the page later finds none.
KEPT_S = 30.0


class LeftObjects:
    """Knows which objects live that browsers made, and no topic has changed since.

    Args:
        clock: steady, in seconds.

    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ids: set[int] = set()
        self._left_at: float | None = None

    @property
    def ids(self) -> frozenset[int]:
        """Those that live, or are about to."""
        return frozenset(self._ids)

    def add(self, object_id: int) -> None:
        """A browser made an object, or made it anew."""
        self._ids.add(object_id)

    def discard(self, object_id: int) -> None:
        """An object ended, or is another's now."""
        self._ids.discard(object_id)

    def keep(self, object_ids: AbstractSet[int]) -> None:
        """These objects live, or are about to; no others do."""
        self._ids &= object_ids

    def wanted(self) -> None:
        """A browser came."""
        self._left_at = None

    def left(self) -> None:
        """The last browser has gone."""
        self._left_at = self._clock()

    def take_left(self) -> list[int]:
        """Return, once, the objects that nobody looks at any more."""
        if self._left_at is None or self._clock() - self._left_at < KEPT_S:
            return []
        ids, self._ids = sorted(self._ids), set()
        return ids
