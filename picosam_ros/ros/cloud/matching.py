"""Matches by message_filters where it is installed, by our own matcher where it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from builtin_interfaces.msg import Time
from std_msgs.msg import Header

from picosam_ros.ros.cloud.time_sync import Matcher, Matching
from picosam_ros.ros.messages import to_time


def make_matcher(
    count: int, on_match: Callable[..., None], *, queue_size: int, slop_s: float
) -> Matching[Any]:
    """Make a matcher; the arguments are those of Matcher, the slop in seconds."""
    try:
        return FiltersMatcher(count, on_match, queue_size=queue_size, slop_s=slop_s)
    except ImportError:
        slop_ns = round(1e9 * slop_s)
        return Matcher(count, on_match, queue_size=queue_size, slop_ns=slop_ns)


@dataclass(frozen=True)
class _Stamped:
    """A thing with the header that message_filters looks for."""

    header: Header
    thing: Any

    @classmethod
    def at(cls, stamp: Time, thing: Any) -> _Stamped:
        return cls(Header(stamp=stamp), thing)


class FiltersMatcher:
    """message_filters behind the interface of Matcher.

    Args:
        count: of inputs.
        on_match: it must not raise: message_filters would keep its lock for ever.
        queue_size: how many things of each input wait.
        slop_s: seconds that stamps of one set may differ; 0 asks for equal ones.

    Raises:
        ImportError: message_filters is not installed.

    """

    def __init__(
        self, count: int, on_match: Callable[..., None], *, queue_size: int, slop_s: float
    ) -> None:
        import message_filters

        self._inputs = [message_filters.SimpleFilter() for _ in range(count)]
        self._synchronizer = (
            message_filters.ApproximateTimeSynchronizer(self._inputs, queue_size, slop_s)
            if slop_s
            else message_filters.TimeSynchronizer(self._inputs, queue_size)
        )
        self._synchronizer.registerCallback(
            lambda *matched: on_match(*[stamped.thing for stamped in matched])
        )

    def add(self, index: int, stamp_ns: int, thing: Any) -> None:
        """Take a thing of the input `index`."""
        self._inputs[index].signalMessage(_Stamped.at(to_time(stamp_ns), thing))

    def clear(self) -> None:
        """Forget what waits."""
        for queue in self._synchronizer.queues:
            queue.clear()
