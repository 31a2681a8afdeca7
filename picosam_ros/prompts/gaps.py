"""How many messages of a topic never arrived, by the numbers that publishers give them."""

from __future__ import annotations

from collections.abc import Callable


class SequenceGaps:
    """Counts the numbers that are left out; each publisher counts its messages from 1.

    A message does not say who published it. So a number belongs to the publisher whose last one
    it follows, or else, where none is new, to the one with the next smaller: none is counted that
    arrived, and a loss may be missed while publishers come and go.

    Args:
        publishers: returns how many there are now.

    Attributes:
        lost: messages that were published and left out.

    """

    def __init__(self, publishers: Callable[[], int]) -> None:
        self.lost = 0
        self._publishers = publishers
        self._known = 0
        # The last number of each publisher, that of the newest message last.
        self._last: list[int] = []

    def add(self, number: int | None) -> None:
        """Count what is missing before a message; None where the middleware does not number."""
        if number is None:
            return
        if number - 1 in self._last:
            self._last.remove(number - 1)
        else:
            self._follow(number)
        self._last.append(number)

    def _follow(self, number: int) -> None:
        """Make room for a number that follows none."""
        # The first message may be here before its publisher is counted.
        count = max(self._publishers(), 1)
        if count != self._known:
            self._known = count
            self._last.clear()
        smaller = [last for last in self._last if last < number]
        if smaller and number > 1 and len(self._last) >= count:
            self._last.remove(max(smaller))
            self.lost += number - 1 - max(smaller)
        # Of publishers that ended while others began.
        del self._last[: max(len(self._last) + 1 - count, 0)]
