"""A node whose callbacks never act on what is gone, and never end the process.

An executor may have queued a callback before the node destroys what it belongs to, and calls it
afterwards: rclpy's EventsExecutor does. What a callback raises leaves the executor, and ends the
process. So everything that calls back is made and destroyed by this node, which stands in between.
"""

from __future__ import annotations

import inspect
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.waitable import Waitable

from picosam_ros.errors import PicosamError, fault_text
from picosam_ros.ros.diagnostics import ERROR, OK, WARN, Status
from picosam_ros.ros.local_topics import LocalSubscription, LocalTopics

# So long an error of a callback is shown in /diagnostics, in seconds.
RECENT_S = 10.0

# Calls that wait; of further ones the middleware drops the oldest, and their callers wait for ever.
# It is ten by default, which a few programs that ask at once exceed.
CALLS = QoSProfile(depth=100)

GONE = 'what answers this was destroyed meanwhile: see ~/get_state, and configure the node'


class Callback:
    """A function until it is cleared, and nothing from then on.

    Args:
        function: its errors are given to `on_error`.
        on_error: takes them.

    """

    def __init__(self, function: Callable[..., Any], on_error: Callable[[Exception], None]) -> None:
        self._function: Callable[..., Any] | None = function
        self._on_error = on_error
        # rclpy gives as many arguments as the signature takes.
        with suppress(ValueError):
            self.__signature__ = inspect.signature(function)

    def __call__(self, *arguments: Any) -> Any:
        """Call the function; return None where it is gone, or raised."""
        function = self._function
        try:
            return None if function is None else function(*arguments)
        except Exception as error:  # noqa: BLE001 - told and counted by the node, which goes on
            self._on_error(error)
            return None

    def clear(self) -> None:
        """Forget the function, and with it all that it refers to."""
        self._function = None


class ServiceCallback(Callback):
    """Answers in any case: a request whose function is gone, or raised, gets a sentence."""

    def __call__(self, request: Any, response: Any) -> Any:
        """Return the function's response, or one that says why there is none."""
        faults: list[Exception] = []
        if (function := self._function) is not None:
            try:
                return function(request, response)
            except Exception as error:  # noqa: BLE001 - as above
                self._on_error(error)
                faults.append(error)
        # Not the one that was given: it may be filled in half.
        refusal = type(response)()
        for field in ('message', 'status_message'):
            if hasattr(refusal, field):
                setattr(refusal, field, fault_text(faults[0]) if faults else GONE)
        return refusal


class OwnThread(CallbackGroup):
    """The group of what a CallbackThread serves: executors leave it alone, but for QoS events."""

    def can_execute(self, entity: Any) -> bool:
        """Return whether an executor may."""
        return isinstance(entity, Waitable)

    def beginning_execution(self, entity: Any) -> bool:
        """Return whether an executor may."""
        return isinstance(entity, Waitable)

    def ending_execution(self, entity: Any) -> None:
        """Do nothing."""


class CallbackFaults:
    """Counts what callbacks raised.

    Args:
        clock: steady, in seconds.

    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._count = 0
        self._last = ''
        self._status = Status(OK, '')
        self._until = 0.0

    def add(self, error: Exception) -> None:
        """Count one."""
        expected = isinstance(error, PicosamError)
        advice = '' if expected else '; the log has the traceback: please report it'
        with self._lock:
            self._count += 1
            self._last = fault_text(error)
            self._status = Status(
                WARN if expected else ERROR, f'a callback failed: {self._last}{advice}'
            )
            self._until = self._clock() + RECENT_S

    def report(self) -> Mapping[str, Status]:
        """Return the component `callbacks` of `/diagnostics`; none before the first error."""
        with self._lock:
            if not self._count:
                return {}
            values = {'errors': self._count, 'last error': self._last}
            if self._clock() < self._until:
                return {'callbacks': Status(self._status.level, self._status.message, values)}
            return {'callbacks': Status(OK, 'callbacks work again', values)}


class GuardedNode(Node):
    """What it makes calls back through a Callback, which is cleared before it is destroyed.

    Args:
        name: of the node.
        local_topics: those of the other nodes of this process; None where there is no other.
        options: of rclpy's Node.

    Attributes:
        callback_faults: what callbacks raised.
        local_topics: as given, or its own.

    """

    def __init__(
        self, name: str, *, local_topics: LocalTopics | None = None, **options: Any
    ) -> None:
        # First: rclpy makes services of its own.
        self.callback_faults = CallbackFaults()
        self.local_topics = local_topics or LocalTopics()
        self._local_subscriptions: list[LocalSubscription] = []
        super().__init__(name, **options)

    def guard_services(self) -> None:
        """Guard what rclpy made without `create_service`, as the services of the lifecycle."""
        for service in self.all_services:
            if not isinstance(service.callback, Callback):
                service.callback = ServiceCallback(service.callback, self.callback_failed)

    def callback_failed(self, error: Exception) -> None:
        """Count and log what a callback raised; safe to call from any thread, and never raises."""
        self.callback_faults.add(error)
        expected = isinstance(error, PicosamError)
        text = fault_text(error) if expected else ''.join(traceback.format_exception(error))
        with suppress(Exception):  # a log that fails must not end what reports to it
            self.get_logger().error(text, throttle_duration_sec=1.0)

    def guarded(self, function: Callable[..., Any]) -> Callback:
        """Return a function for who else calls back, such as a clock."""
        return Callback(function, self.callback_failed)

    @property
    def subscriptions(self) -> Iterator[Any]:
        """What executors serve: EventsExecutor asks no callback group."""
        return (each for each in self._subscriptions if not _has_own_thread(each))

    @property
    def services(self) -> Iterator[Any]:
        """What executors serve."""
        return (each for each in self._services if not _has_own_thread(each))

    @property
    def all_subscriptions(self) -> tuple[Any, ...]:
        """Those with a thread of their own, too."""
        return tuple(self._subscriptions)

    @property
    def local_subscriptions(self) -> tuple[LocalSubscription, ...]:
        """Those to nodes of this process."""
        return tuple(self._local_subscriptions)

    @property
    def all_services(self) -> tuple[Any, ...]:
        """Those with a thread of their own, too."""
        return tuple(self._services)

    def create_subscription(
        self, msg_type: Any, topic: str, callback: Callable[..., Any], *args: Any, **options: Any
    ) -> Any:
        """As Node does."""
        guarded = self.guarded(callback)
        return super().create_subscription(msg_type, topic, guarded, *args, **options)

    def create_local_subscription(
        self, topic: str, callback: Callable[[Any], object]
    ) -> LocalSubscription | None:
        """Take a topic from a node of this process; None where no node of it publishes that.

        Args:
            topic: its name, as in `create_subscription`.
            callback: called in the publisher's thread; it must not block.

        """
        found = self.local_topics.find(self.resolve_topic_name(topic))
        if found is None:
            return None
        subscription = found.subscribe(self.guarded(callback))
        self._local_subscriptions.append(subscription)
        return subscription

    def create_service(
        self, srv_type: Any, srv_name: str, callback: Callable[..., Any], **options: Any
    ) -> Any:
        """As Node does."""
        guarded = ServiceCallback(callback, self.callback_failed)
        options.setdefault('qos_profile', CALLS)
        return super().create_service(srv_type, srv_name, guarded, **options)

    def create_timer(
        self, timer_period_sec: float, callback: Callable[..., Any], *args: Any, **options: Any
    ) -> Any:
        """As Node does."""
        return super().create_timer(timer_period_sec, self.guarded(callback), *args, **options)

    def destroy_subscription(self, subscription: Any) -> bool:
        """As Node does; local ones, too."""
        if isinstance(subscription, LocalSubscription):
            subscription.destroy()
            self._local_subscriptions.remove(subscription)
            return True
        return _clear(subscription) and super().destroy_subscription(subscription)

    def destroy_service(self, service: Any) -> bool:
        """As Node does."""
        return _clear(service) and super().destroy_service(service)

    def destroy_timer(self, timer: Any) -> bool:
        """As Node does."""
        return _clear(timer) and super().destroy_timer(timer)


def _clear(entity: Any) -> bool:
    if isinstance(entity.callback, Callback):
        entity.callback.clear()
    return True


def _has_own_thread(entity: Any) -> bool:
    return isinstance(entity.callback_group, OwnThread)
