"""Callbacks of what is gone are no calls, and what a callback raises is told, not thrown."""

import time
import weakref

from helpers.harness import PATIENCE, serve_until
from rclpy.clock import Clock, ClockType
from rclpy.executors import SingleThreadedExecutor
from std_msgs.msg import String
from std_srvs.srv import Trigger

from picosam_ros.errors import CameraError
from picosam_ros.ros.diagnostics import ERROR, OK, WARN
from picosam_ros.ros.guarded_node import GONE, RECENT_S, CallbackFaults


def fail(*_):
    raise ZeroDivisionError('no reason')


def wait(executor, condition):
    """Serve until it holds; nothing may leave the executor."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        executor.spin_once(timeout_sec=0.02)


def test_a_message_that_was_queued_before_its_subscription_went_is_not_called_back(
    guarded, executor, node
):
    heard, told, seen = [], [], []
    publisher = guarded.create_publisher(String, 'topic', 10)
    ending = guarded.create_publisher(String, 'end', 10)
    going = guarded.create_subscription(String, 'topic', heard.append, 10)
    guarded.create_subscription(String, 'topic', told.append, 10)

    # Another one has them, too, and tells that they have arrived.
    node.create_subscription(String, 'topic', seen.append, 10)
    beside = SingleThreadedExecutor()
    beside.add_node(node)

    def destroy(_):
        """As a transition does: between two other callbacks of the executor."""
        for _ in range(5):
            publisher.publish(String())
        serve_until(beside, lambda: len(seen) == 5)
        guarded.destroy_subscription(going)

    guarded.create_subscription(String, 'end', destroy, 10)
    wait(executor, lambda: publisher.get_subscription_count() == 3)
    wait(executor, ending.get_subscription_count)
    ending.publish(String())
    wait(executor, lambda: len(told) == 5)
    beside.shutdown()
    assert not heard


def test_what_is_destroyed_keeps_nothing_alive(guarded):
    class Part:
        def called(self, *_):
            pass

    part = Part()
    clock = Clock(clock_type=ClockType.STEADY_TIME)
    made = [
        guarded.create_subscription(String, 'topic', part.called, 10),
        guarded.create_service(Trigger, 'service', part.called),
        guarded.create_timer(1.0, part.called, clock=clock),
    ]
    kept = weakref.ref(part)
    del part
    assert kept() is not None
    guarded.destroy_subscription(made[0])
    guarded.destroy_service(made[1])
    guarded.destroy_timer(made[2])
    assert kept() is None


def test_what_callbacks_raise_is_counted_and_the_others_are_served(guarded, executor, errors):
    heard = []
    publisher = guarded.create_publisher(String, 'topic', 10)
    guarded.create_timer(0.01, fail)
    guarded.create_subscription(String, 'topic', fail, 10)
    guarded.create_subscription(String, 'topic', heard.append, 10)
    wait(executor, lambda: publisher.get_subscription_count() == 2)
    publisher.publish(String())
    wait(executor, lambda: heard and errors() > 2)


def test_a_service_that_raises_answers_with_what_it_raised(guarded, executor, errors):
    guarded.create_service(Trigger, 'service', fail)
    client = guarded.create_client(Trigger, 'service')
    wait(executor, client.service_is_ready)
    future = client.call_async(Trigger.Request())
    wait(executor, future.done)
    assert not future.result().success
    assert future.result().message == 'ZeroDivisionError: no reason'
    assert errors() == 1


def test_a_service_that_is_gone_says_so(guarded):
    service = guarded.create_service(Trigger, 'service', fail)
    callback = service.callback
    guarded.destroy_service(service)
    assert callback(Trigger.Request(), Trigger.Response()).message == GONE
    assert not guarded.callback_faults.report()


def test_an_error_is_shown_for_some_time_and_counted_for_ever():
    now = 0.0
    faults = CallbackFaults(lambda: now)
    assert faults.report() == {}
    faults.add(ZeroDivisionError('no reason'))
    status = faults.report()['callbacks']
    assert status.level == ERROR
    assert 'ZeroDivisionError: no reason' in status.message
    now = RECENT_S + 0.1
    assert faults.report()['callbacks'].level == OK
    faults.add(CameraError('no camera is connected'))
    status = faults.report()['callbacks']
    assert (status.level, status.message) == (WARN, 'a callback failed: no camera is connected')
    assert status.values == {'errors': 2, 'last error': 'no camera is connected'}
