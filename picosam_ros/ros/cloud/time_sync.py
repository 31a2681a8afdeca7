"""Puts together the images of several topics that were taken at the same time.

On a robot message_filters does it, as for every other ROS node: apt installs it with ROS. The ROS
wheels of PyPI lack it; there our own synchroniser is used, which chooses as its
ApproximateTimeSynchronizer does. `SyncStatistics` tells when stamps jump back (a bag that is played
again): the synchroniser is cleared then, or old stamps would be matched for ever.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from rclpy.time import Time

T = TypeVar('T')
T_contra = TypeVar('T_contra', contravariant=True)

# An input whose stamp lies that far behind its newest one begins anew; transport reorders less.
JUMP_NS = 1_000_000_000

# A set is missed after so many seconds.
MATCH_TIMEOUT_S = 2.0


class Synchronizer(Protocol[T_contra]):
    """Takes items one by one, and hands over those that belong together.

    A set is complete with the item that arrives: of each other input the one with the nearest
    stamp, or where those are too far from each other the next nearest. None is used twice. Sets
    come as they are complete, which is not always in the order of their stamps.

    Attributes:
        name: of the package that matches.

    """

    name: str

    def add(self, index: int, stamp_ns: int, item: T_contra) -> None:
        """Take one of the inputs' items."""

    def clear(self) -> None:
        """Forget what waits."""


class TimeSynchronizer(Generic[T]):
    """One queue for each input.

    Args:
        count: of inputs.
        on_set: called with one item of each input, in their order. What it raises, `add` raises,
            and the items are used.
        queue_size: how many items of each input wait; the one with the oldest stamp goes first.
        slop_ns: stamps of one set differ by less than this; 0 asks for equal ones.

    """

    name = 'picosam_ros'

    def __init__(
        self, count: int, on_set: Callable[..., None], *, queue_size: int = 10, slop_ns: int = 0
    ) -> None:
        self._queues: list[dict[int, T]] = [{} for _ in range(count)]
        self._on_set = on_set
        self._queue_size = queue_size
        self._slop_ns = slop_ns

    def add(self, index: int, stamp_ns: int, item: T) -> None:
        """Take an item of the input `index`; one with the same stamp is replaced."""
        queue = self._queues[index]
        queue[stamp_ns] = item
        while len(queue) > self._queue_size:
            del queue[min(queue)]
        if stamp_ns not in queue:
            return
        for stamps in self._candidates(index, stamp_ns):
            if self._fit(stamps):
                # Taken out first: what the callback raises must not leave them to match again.
                items = [
                    queue.pop(stamp) for queue, stamp in zip(self._queues, stamps, strict=True)
                ]
                self._on_set(*items)
                return

    def clear(self) -> None:
        """Forget what waits."""
        for queue in self._queues:
            queue.clear()

    def _candidates(self, index: int, stamp_ns: int) -> Iterator[tuple[int, ...]]:
        """Sets with the new stamp, those with near stamps first."""

        def near(queue: dict[int, T]) -> list[int]:
            within = [stamp for stamp in queue if abs(stamp - stamp_ns) <= self._slop_ns]
            return sorted(within, key=lambda stamp: abs(stamp - stamp_ns))

        choices = [
            [stamp_ns] if other == index else near(queue)
            for other, queue in enumerate(self._queues)
        ]
        return itertools.product(*choices)

    def _fit(self, stamps: tuple[int, ...]) -> bool:
        return max(stamps) - min(stamps) < max(self._slop_ns, 1)


@dataclass(frozen=True)
class _Stamped:
    """An item with the header.stamp that message_filters looks for."""

    stamp: Time
    item: Any

    @property
    def header(self) -> _Stamped:
        """Itself: an object less for each image."""
        return self


class MessageFiltersSynchronizer:
    """message_filters behind the interface of TimeSynchronizer, with the same arguments.

    ApproximateTimeSynchronizer for equal stamps, too: it is the same in all distributions, while
    TimeSynchronizer forgets late messages since message_filters#238 (Humble 4.3.12, Jazzy 4.11.10,
    Kilted 7.1.5) and matched them before.

    Raises:
        ImportError: message_filters is not installed.

    """

    name = 'message_filters'

    def __init__(
        self, count: int, on_set: Callable[..., None], *, queue_size: int = 10, slop_ns: int = 0
    ) -> None:
        import message_filters

        self._on_set = on_set
        self._found: list[tuple[_Stamped, ...]] = []
        self._inputs = [message_filters.SimpleFilter() for _ in range(count)]
        # Stamps are whole nanoseconds: those that differ by less than one are equal. A quarter
        # more, because seconds are cut off to nanoseconds there.
        slop_s = (max(slop_ns, 1) + 0.25) / 1e9
        self._synchronizer = message_filters.ApproximateTimeSynchronizer(
            self._inputs, queue_size, slop_s
        )
        self._synchronizer.registerCallback(lambda *matched: self._found.append(matched))

    def add(self, index: int, stamp_ns: int, item: Any) -> None:
        """Take an item of the input `index`; one with the same stamp is replaced."""
        self._inputs[index].signalMessage(_Stamped(Time(nanoseconds=stamp_ns), item))
        # Not in its callback, in which it holds its lock: for ever, if that raises.
        while self._found:
            self._on_set(*[stamped.item for stamped in self._found.pop()])

    def clear(self) -> None:
        """Forget what waits."""
        for queue in self._synchronizer.queues:
            queue.clear()


def make_synchronizer(
    count: int, on_set: Callable[..., None], *, queue_size: int, slop_s: float
) -> Synchronizer[Any]:
    """Make a synchroniser; the arguments are those of TimeSynchronizer, the slop in seconds."""
    slop_ns = round(1e9 * slop_s)
    try:
        return MessageFiltersSynchronizer(count, on_set, queue_size=queue_size, slop_ns=slop_ns)
    except ImportError:
        return TimeSynchronizer(count, on_set, queue_size=queue_size, slop_ns=slop_ns)


class SyncStatistics:
    """Counts what arrives at a synchroniser, and says why nothing matches.

    Args:
        names: of the inputs.
        clock: seconds that never jump.

    Attributes:
        counts: items that arrived, by input.
        matches: sets that were found.

    """

    def __init__(self, names: Sequence[str], clock: Callable[[], float] = time.monotonic) -> None:
        self.counts = dict.fromkeys(names, 0)
        self.matches = 0
        self._clock = clock
        self._newest: dict[str, int] = {}
        self._arrived: dict[str, float] = {}
        self._matched = -math.inf
        self._begun = clock()

    def add(self, name: str, stamp_ns: int) -> bool:
        """Count an item; return whether its stamps jumped back, so that all must be cleared."""
        jumped = stamp_ns < self._newest.get(name, stamp_ns) - JUMP_NS
        if jumped:
            self._newest.clear()
        self.counts[name] += 1
        self._newest[name] = max(stamp_ns, self._newest.get(name, stamp_ns))
        self._arrived[name] = self._clock()
        return jumped

    def match(self) -> None:
        """Count a set."""
        self.matches += 1
        self._matched = self._clock()

    def explain(self, slop_ns: int) -> str:
        """Say why no set was found of late; empty if one was, or if it is too early to tell."""
        since = self._clock() - MATCH_TIMEOUT_S
        if max(self._matched, self._begun) > since:
            return ''
        counted = ', '.join(f'{name} {count}' for name, count in self.counts.items())
        silent = [name for name in self.counts if self._arrived.get(name, -math.inf) < since]
        if silent:
            return f'nothing to match: no {", no ".join(silent)} arrives (arrived: {counted})'
        gaps = ', '.join(f'{name} {ms:+.0f} ms' for name, ms in self.gaps_ms().items())
        return (
            f'nothing matches (arrived: {counted}): no stamps within {slop_ns / 1e6:g} ms; the '
            f'newest differ by {gaps}: let all come from one clock, or raise slop or queue_size'
        )

    def gaps_ms(self) -> dict[str, float]:
        """Newest stamp of each further input minus that of the first, in milliseconds."""
        first, *others = self.counts
        return {
            name: (self._newest[name] - self._newest[first]) / 1e6
            for name in others
            if name in self._newest and first in self._newest
        }
