"""Topics between the nodes of one process: what is published there is handed over as it is.

rclpy has no intra-process communication: it serialises a message for a subscription of the same
process as for any other. A node that takes images or masks from a node of its own process
therefore has no subscription of ROS for them, and nothing is serialised for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class LocalSubscription:
    """Calls a function with what a topic of this process carries, in its publisher's thread.

    Args:
        topic: that it listens to.
        function: it must not block or raise.

    """

    def __init__(self, topic: LocalTopic, function: Callable[[Any], object]) -> None:
        self._topic = topic
        self._function: Callable[[Any], object] | None = function
        self._lock = threading.Lock()

    @property
    def topic_name(self) -> str:
        """The full name of the topic."""
        return self._topic.name

    def take(self, item: Any) -> None:
        """Call the function."""
        with self._lock:
            if self._function is not None:
                self._function(item)

    def destroy(self) -> None:
        """Return after a call that runs now; there is none from then on."""
        self._topic.leave(self)
        with self._lock:
            self._function = None


class LocalTopic:
    """One topic, and who listens to it in this process.

    Args:
        name: its full name, remapped.

    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._subscriptions: tuple[LocalSubscription, ...] = ()

    @property
    def wanted(self) -> bool:
        """Whether anybody listens."""
        return bool(self._subscriptions)

    def publish(self, item: Any) -> None:
        """Hand over an item, which nobody may change from then on."""
        for subscription in self._subscriptions:
            subscription.take(item)

    def subscribe(self, function: Callable[[Any], object]) -> LocalSubscription:
        """Listen; see LocalSubscription."""
        subscription = LocalSubscription(self, function)
        with self._lock:
            self._subscriptions += (subscription,)
        return subscription

    def leave(self, subscription: LocalSubscription) -> None:
        """Listen no more."""
        with self._lock:
            left = (each for each in self._subscriptions if each is not subscription)
            self._subscriptions = tuple(left)


class LocalTopics:
    """The topics that the nodes of a process publish for each other, by their full names.

    A node declares what it publishes when it is made, so that others need not wait for its
    transitions.
    """

    def __init__(self) -> None:
        self._topics: dict[str, LocalTopic] = {}

    def declare(self, name: str) -> LocalTopic:
        """Return the topic of a full name; it is made at the first call."""
        return self._topics.setdefault(name, LocalTopic(name))

    def find(self, name: str) -> LocalTopic | None:
        """Return the topic of a full name; None where no node of this process publishes it."""
        return self._topics.get(name)
