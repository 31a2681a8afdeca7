"""A ROS node that speaks to a node under test, and waits for conditions."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile

from benchmarks.rigs.node_process import NodeProcess
from benchmarks.rigs.stream import use_own_domain
from picosam_ros.ros import process as ros_process

T = TypeVar('T')

# A busy machine may take its time for what must happen at some time.
PATIENCE_S = 30.0
# More than is sent at once: an answer that the attacker loses would be taken for one of the node.
DEPTH = 50_000


@contextmanager
def ros() -> Iterator[None]:
    """Start ROS in this process, once, on a domain of its own that nothing else reaches.

    The processes that are started below it choose their profile of Fast DDS themselves.
    """
    use_own_domain()
    before = dict(os.environ)
    ros_process.prepare()
    rclpy.init()
    # Fast DDS reads its profile with the first participant of a process, and never again.
    Node('first').destroy_node()
    os.environ.clear()
    os.environ.update(before)
    try:
        yield
    finally:
        rclpy.shutdown()


class Client:
    """Nothing is received but while it waits.

    Args:
        process: what it speaks to; a wait ends with it.
        namespace: of that.

    Attributes:
        name: of the node under test, with its namespace.
        node: for publishers, timers and the like.

    """

    def __init__(self, process: NodeProcess, namespace: str = '') -> None:
        self.process = process
        self.name = f'{namespace}/{process.name}'
        self.node = Node('client', namespace=namespace)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._services: dict[str, Any] = {}
        self._values: dict[str, dict[str, str]] = {}
        self._levels: dict[str, tuple[int, str]] = {}
        self._reports = 0
        self.subscribe(DiagnosticArray, '/diagnostics', self._on_diagnostics)

    def close(self) -> None:
        """Destroy the node."""
        self._executor.shutdown()
        self.node.destroy_node()

    def subscribe(self, kind: Any, topic: str, callback: Callable[[Any], None]) -> None:
        """Call back with every message of a topic."""
        self.node.create_subscription(kind, topic, callback, QoSProfile(depth=DEPTH))

    def publisher(self, kind: Any, topic: str, depth: int = 1000) -> Any:
        """Return a reliable publisher."""
        return self.node.create_publisher(kind, topic, QoSProfile(depth=depth))

    def wait_for(self, condition: Callable[[], T], seconds: float = PATIENCE_S) -> T:
        """Serve callbacks until the condition holds, the time is over, or the process has ended.

        Returns:
            What the condition gave last.

        """
        deadline = time.monotonic() + seconds
        while not (met := condition()):
            if time.monotonic() > deadline or not self.process.running:
                break
            self._executor.spin_once(timeout_sec=0.02)
        return met

    def serve(self, seconds: float) -> None:
        """Serve callbacks for so long; what has arrived, where no time is left."""
        until = time.monotonic() + seconds
        self._executor.spin_once(timeout_sec=0.0)
        while (left := until - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)

    def ask(self, kind: Any, name: str, request: Any, seconds: float = PATIENCE_S) -> Any:
        """Call a service, and return its response; None if there was none in time."""
        # Kept: a new one would be waited for, which is no part of the time of an answer.
        if name not in self._services:
            self._services[name] = self.node.create_client(kind, name)
        service = self._services[name]
        if not self.wait_for(service.service_is_ready, seconds):
            return None
        future = service.call_async(request)
        self.wait_for(future.done, seconds)
        return future.result() if future.done() else None

    def change(self, transition: int, seconds: float = PATIENCE_S) -> bool | None:
        """Ask for a lifecycle transition: whether it was made; None if there was no answer."""
        request = ChangeState.Request(transition=Transition(id=transition))
        response = self.ask(ChangeState, f'{self.name}/change_state', request, seconds)
        return None if response is None else response.success

    def report(self, component: str, seconds: float = 5.0) -> dict[str, str]:
        """Wait for a new report of `/diagnostics`, and return the values of a component."""
        reports = self._reports
        self.wait_for(lambda: self._reports > reports, seconds)
        return self._values.get(component, {})

    def level(self, component: str) -> tuple[int, str]:
        """Level and message of a component in the last report; -1 without any."""
        return self._levels.get(component, (-1, ''))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        self._reports += 1
        for status in message.status:
            component = status.name.rpartition(': ')[2]
            self._values[component] = {each.key: each.value for each in status.values}
            self._levels[component] = int.from_bytes(status.level, 'big'), status.message
