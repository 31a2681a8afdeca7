"""Publishes the prompts of browsers: each once a node takes it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from rclpy.node import Node

from picosam_ros.msg import Prompt
from picosam_ros.viewer.pending import ANSWER_TIMEOUT_S

# Every prompt is answered, also those of a second in which the other node was busy.
_QUEUE = 1000


class PromptSender:
    """Keeps the order; what is published before anybody is known to subscribe would be lost.

    The middleware finds the topics of a node one by one: its masks may be on the page before it is
    known that it takes prompts. A prompt waits for that as long as its sender waits for an answer,
    who is then told that there was none. Thread-safe.

    Args:
        node: owns the topic.
        topic: of the prompts.
        clock: steady, in seconds.

    """

    def __init__(self, node: Node, topic: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._node = node
        self._clock = clock
        self._publisher = node.create_publisher(Prompt, topic, _QUEUE)
        self._waiting: deque[tuple[float, Prompt]] = deque()
        self._lock = threading.Lock()

    def send(self, message: Prompt) -> None:
        """Publish a prompt, or let it wait."""
        with self._lock:
            self._waiting.append((self._clock(), message))
        self.poll()

    def poll(self) -> None:
        """Publish what waits, if a node is there; forget what has waited too long."""
        with self._lock:
            limit = self._clock() - ANSWER_TIMEOUT_S
            while self._waiting and self._waiting[0][0] < limit:
                self._waiting.popleft()
            if self._waiting and self._publisher.get_subscription_count():
                for _, message in self._waiting:
                    self._publisher.publish(message)
                self._waiting.clear()

    def destroy(self) -> None:
        """Take the topic away; nothing may be sent afterwards."""
        self._node.destroy_publisher(self._publisher)
