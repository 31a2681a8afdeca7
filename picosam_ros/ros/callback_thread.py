"""A thread that serves some subscriptions and services of a node, beside its executor."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import Any

from rclpy.guard_condition import GuardCondition
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.service import Service
from rclpy.subscription import Subscription

from picosam_ros.ros.guarded_node import GuardedNode, OwnThread

# It wakes up for what arrives, and for `stop`; in between to see whether ROS has shut down.
_WAIT_NS = 500_000_000
# After an error, so that one that repeats leaves the processor to others.
_PAUSE_S = 0.1
# Messages of one subscription before the others have their turn.
_TURN = 100


class CallbackThread:
    """What must not wait for the executor, or what the executor must not wait for.

    Made first; then what has its `group` as callback group; then `start`. The thread waits for
    all of it with one wait set, and then takes until nothing is left, which is some times faster
    than an executor.

    rclpy has no executor for this: its EventsExecutor serves all of a node, whatever the callback
    group; a second executor for the same node takes the first one's place; and a coroutine as a
    service's callback, which could answer later, is for the other executors alone. Wait set,
    `take_message` and `service_take_request` are what rclpy's own executors stand on, the same
    from Humble to Kilted.

    Args:
        node: owns what is served, and is told what that raises. The callbacks of subscriptions take
            the message and its info.

    Attributes:
        group: callback group of what it serves.

    """

    def __init__(self, node: GuardedNode) -> None:
        self.group = OwnThread()
        self._node = node
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._wake: Any = None
        self._served: list[Any] = []

    def start(self) -> None:
        """Serve what the group has now."""
        self._served = [each for each in (ref() for ref in self.group.entities) if each is not None]
        self._wake = GuardCondition(None, None, context=self._node.context)
        self._thread = threading.Thread(target=self._loop, name='picosam_callbacks', daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Return after the callback that runs now; nothing is called back from then on.

        Requests that have arrived are still answered; a second call does nothing.
        """
        if self._thread is None:
            return
        self._stopping.set()
        self._wake.trigger()
        self._thread.join()
        self._thread = None
        self._wake.destroy()
        self._served = []

    def _loop(self) -> None:
        while not self._stopping.is_set() and self._node.context.ok():
            try:
                self._serve()
            except Exception as error:  # noqa: BLE001 - told and counted; a dead thread is silent
                self._node.callback_failed(error)
                self._stopping.wait(_PAUSE_S)

    def _serve(self) -> None:
        """Wait and serve until it is stopped."""
        subscriptions = [each for each in self._served if isinstance(each, Subscription)]
        services = [each for each in self._served if isinstance(each, Service)]
        with ExitStack() as in_use:
            for each in (*subscriptions, *services, self._wake):
                in_use.enter_context(each.handle)
            in_use.enter_context(self._node.context.handle)
            wait_set = rclpy_implementation.WaitSet(
                len(subscriptions), 1, 0, 0, len(services), 0, self._node.context.handle
            )
            while not self._stopping.is_set() and self._node.context.ok():
                _wait(wait_set, subscriptions, services, self._wake)
                waiting = subscriptions
                while waiting and not self._stopping.is_set():
                    waiting = [each for each in waiting if self._take_messages(each)]
                for service in services:
                    _answer_requests(service)

    def _take_messages(self, subscription: Any) -> bool:
        """Hand over a turn of messages; return whether there may be more."""
        for _ in range(_TURN):
            if self._stopping.is_set():
                return False
            taken = subscription.handle.take_message(subscription.msg_type, subscription.raw)
            if taken is None:
                return False
            subscription.callback(*taken)
        return True


def _wait(wait_set: Any, subscriptions: list[Any], services: list[Any], wake: Any) -> None:
    wait_set.clear_entities()
    for subscription in subscriptions:
        wait_set.add_subscription(subscription.handle)
    for service in services:
        wait_set.add_service(service.handle)
    wait_set.add_guard_condition(wake.handle)
    wait_set.wait(_WAIT_NS)


def _answer_requests(service: Any) -> None:
    while True:
        request, header = service.handle.service_take_request(service.srv_type.Request)
        if header is None:
            return
        service.send_response(service.callback(request, service.srv_type.Response()), header)
