"""Subscribes to `~/latency` of a running node, for the command `picosam latency`."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator

from picosam_ros.errors import TopicError
from picosam_ros.latency import LatencySample
from picosam_ros.msg import Latency
from picosam_ros.ros.messages import to_timing
from picosam_ros.ros.remote.session import Session

_TYPE = 'picosam_ros/msg/Latency'
_QUEUE = 100
# Time-out of discovery, and time for further topics after the first one.
_FIND_S, _OTHERS_S = 10.0, 0.5


class LatencyTopic:
    """One topic of latencies.

    Args:
        session: of the command.
        name: of the topic; empty for the only one that there is.

    Raises:
        TopicError: there is none, there are several, or it has another type.

    """

    def __init__(self, session: Session, name: str) -> None:
        self._session, self._node = session, session.node
        self._samples: deque[LatencySample] = deque()
        self.name = self._found(name)
        self._node.create_subscription(Latency, self.name, self._on_latency, _QUEUE)

    def samples(self, seconds: float | None) -> Iterator[LatencySample | None]:
        """Yield each sample, and None ten times a second while there is none.

        Args:
            seconds: after which it ends; None for never.

        """
        end = time.monotonic() + seconds if seconds is not None else None
        while end is None or time.monotonic() < end:
            self._session.spin()
            if not self._samples:
                yield None
            while self._samples:
                yield self._samples.popleft()

    def _on_latency(self, message: Latency) -> None:
        sample = LatencySample(
            time.monotonic(), to_timing(message), message.prompts, message.dropped
        )
        self._samples.append(sample)

    def _found(self, name: str) -> str:
        wanted = self._node.resolve_topic_name(name) if name else ''
        topics = self._wait_for(wanted)
        if wanted and topics.get(wanted, _TYPE) != _TYPE:
            raise TopicError(f'{wanted} has the type {topics[wanted]}; {_TYPE} is required')
        known = sorted(topic for topic, kind in topics.items() if kind == _TYPE)
        if (wanted and wanted in known) or (not wanted and len(known) == 1):
            return wanted or known[0]
        if known:
            lack = f'there is no {wanted}' if wanted else f'there are {len(known)} topics'
            raise TopicError(f'{lack}; give one of {", ".join(known)}')
        raise TopicError(
            f'no topic of type {_TYPE} was found within {_FIND_S:g} s: is a camera or segmenter '
            f'node running with this ROS_DOMAIN_ID ({os.environ.get("ROS_DOMAIN_ID", "0")})?'
        )

    def _wait_for(self, wanted: str) -> dict[str, str]:
        """Return topics and their types once the wanted one, or all of our type, are there."""
        end = time.monotonic() + _FIND_S
        found = False
        while time.monotonic() < end:
            topics = {name: kinds[0] for name, kinds in self._node.get_topic_names_and_types()}
            if wanted and wanted in topics:
                return topics
            if not wanted and not found and _TYPE in topics.values():
                found, end = True, time.monotonic() + _OTHERS_S
            self._session.spin()
        return topics
