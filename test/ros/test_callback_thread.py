"""What a thread of its own serves does not wait for the executor, nor the executor for it."""

import threading
import time

import pytest
from helpers.harness import PATIENCE
from helpers.patient import until
from std_msgs.msg import String
from std_srvs.srv import Trigger

from picosam_ros.ros.callback_thread import CallbackThread


@pytest.fixture
def thread(guarded):
    made = CallbackThread(guarded)
    yield made
    made.stop()


def subscribe(guarded, thread, callback):
    """Subscribe in the thread and start it; return a publisher that is connected."""
    guarded.create_subscription(String, 'topic', callback, 100, callback_group=thread.group)
    publisher = guarded.create_publisher(String, 'topic', 100)
    thread.start()
    until(publisher.get_subscription_count)
    return publisher


def test_messages_are_taken_in_their_order_while_no_executor_runs(guarded, thread):
    heard = []
    publisher = subscribe(guarded, thread, lambda message, _: heard.append(message.data))
    for number in range(50):
        publisher.publish(String(data=str(number)))
    until(lambda: len(heard) == 50)
    assert heard == [str(number) for number in range(50)]


def test_an_executor_of_the_node_takes_none_of_them(guarded, thread, executor):
    callers = []
    publisher = subscribe(guarded, thread, lambda *_: callers.append(threading.current_thread()))
    for _ in range(20):
        publisher.publish(String())
        executor.spin_once(timeout_sec=0.01)
    until(lambda: len(callers) == 20)
    assert {caller.name for caller in callers} == {'picosam_callbacks'}


def test_an_error_is_told_and_the_next_message_is_taken(guarded, thread, errors):
    heard = []

    def take(message, _):
        heard.append(message.data)
        raise ZeroDivisionError

    publisher = subscribe(guarded, thread, take)
    publisher.publish(String(data='first'))
    publisher.publish(String(data='second'))
    until(lambda: errors() == 2)
    assert heard == ['first', 'second']


def test_a_thread_that_fails_outside_of_callbacks_is_told_and_goes_on(
    guarded, thread, monkeypatch, errors
):
    heard, faults = [], [ZeroDivisionError(), ZeroDivisionError()]
    take = thread._take_messages

    def fail_first(subscription):
        if faults:
            raise faults.pop()
        return take(subscription)

    monkeypatch.setattr(thread, '_take_messages', fail_first)
    publisher = subscribe(guarded, thread, lambda *taken: heard.append(taken))
    publisher.publish(String())
    until(lambda: heard)
    assert errors() == 2


def test_a_service_that_takes_its_time_holds_nobody_up(guarded, thread, executor):
    go_on = threading.Event()

    def slow(_, response):
        assert go_on.wait(PATIENCE)
        response.message = 'slow'
        return response

    def quick(_, response):
        response.message = 'quick'
        return response

    guarded.create_service(Trigger, 'slow', slow, callback_group=thread.group)
    guarded.create_service(Trigger, 'quick', quick)
    clients = [guarded.create_client(Trigger, name) for name in ('slow', 'quick')]
    thread.start()
    until(lambda: all(client.service_is_ready() for client in clients))
    first, second = (client.call_async(Trigger.Request()) for client in clients)
    deadline = time.monotonic() + PATIENCE
    while not first.done():
        assert time.monotonic() < deadline
        executor.spin_once(timeout_sec=0.02)
        if second.done():
            go_on.set()
    assert (first.result().message, second.result().message) == ('slow', 'quick')


def test_nothing_is_called_back_after_stop_and_its_thread_is_gone(guarded, thread):
    heard = []
    publisher = subscribe(guarded, thread, lambda *taken: heard.append(taken))
    publisher.publish(String())
    until(lambda: heard)
    thread.stop()
    thread.stop()
    publisher.publish(String())
    assert len(heard) == 1
    assert not [each for each in threading.enumerate() if each.name == 'picosam_callbacks']
