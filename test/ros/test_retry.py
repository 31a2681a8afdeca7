"""A service that is not there yet is waited for, and what it does not answer is asked again."""

import pytest
from helpers.harness import serve_until
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.task import Future
from std_srvs.srv import Trigger

from picosam_ros.ros.retry import ATTEMPTS_S, DISCOVERY_S, RetryingCall

LONG = DISCOVERY_S + sum(ATTEMPTS_S)


class Client:
    """A client whose answers a test gives, or does not."""

    srv_name = '/segmenter/clear_prompts'

    def __init__(self):
        self.ready = True
        self.asked = []
        self.given_up = []

    def service_is_ready(self):
        return self.ready

    def call_async(self, request):
        assert isinstance(request, Trigger.Request)
        self.asked.append(Future())
        return self.asked[-1]

    def remove_pending_request(self, future):
        self.given_up.append(future)


class Rig:
    def __init__(self):
        self.client, self.told, self.now = Client(), [], 0.0
        self.patient = RetryingCall(self.client, self.told.append, lambda: self.now)

    def call(self):
        self.patient.call()
        self.patient.poll()

    def wait(self, seconds):
        self.now += seconds
        self.patient.poll()


@pytest.fixture
def rig():
    return Rig()


def test_the_answer_is_told_once_and_nothing_is_asked_again(rig):
    rig.call()
    assert rig.patient.waiting
    rig.client.asked[0].set_result(Trigger.Response(success=True, message='3 objects cleared'))
    rig.wait(0.0)
    assert not rig.patient.waiting
    for _ in ATTEMPTS_S:
        rig.wait(LONG)
    assert rig.told == ['3 objects cleared']
    assert len(rig.client.asked) == 1


def test_a_lost_answer_is_asked_for_again_soon(rig):
    rig.call()
    rig.wait(0.9 * ATTEMPTS_S[0])
    assert len(rig.client.asked) == 1
    rig.wait(0.2 * ATTEMPTS_S[0])
    lost, second = rig.client.asked
    second.set_result(Trigger.Response(message='nothing to clear'))
    rig.wait(0.0)
    assert rig.told == ['nothing to clear']
    assert rig.client.given_up == [lost]


def test_where_both_attempts_are_answered_the_first_answer_tells_what_was_done(rig):
    rig.call()
    rig.wait(1.1 * ATTEMPTS_S[0])
    late, second = rig.client.asked
    late.set_result(Trigger.Response(message='3 objects cleared'))
    rig.wait(0.0)
    # The second one is on its way: what is sent now would be cleared, too.
    assert rig.patient.waiting
    assert rig.told == []
    second.set_result(Trigger.Response(message='0 objects cleared'))
    rig.wait(0.0)
    assert not rig.patient.waiting
    assert rig.told == ['3 objects cleared']
    assert rig.client.given_up == []


def test_an_answer_before_silence_counts(rig):
    rig.call()
    rig.wait(1.1 * ATTEMPTS_S[0])
    rig.client.asked[0].set_result(Trigger.Response(message='3 objects cleared'))
    for pause in ATTEMPTS_S:
        rig.wait(1.01 * pause)
    assert rig.told == ['3 objects cleared']
    assert not rig.patient.waiting


def test_each_further_try_has_more_time(rig):
    rig.call()
    for tries, pause in enumerate(ATTEMPTS_S, start=1):
        rig.wait(0.9 * pause)
        assert len(rig.client.asked) == tries
        rig.wait(0.11 * pause)


def test_silence_to_the_last_try_is_told(rig):
    rig.call()
    for pause in ATTEMPTS_S:
        rig.wait(1.01 * pause)
    rig.wait(LONG)
    assert len(rig.client.asked) == len(ATTEMPTS_S)
    assert rig.client.given_up == rig.client.asked
    assert rig.told == ['/segmenter/clear_prompts does not answer: is the node running?']
    assert not rig.patient.waiting


def test_a_service_that_comes_a_moment_later_is_asked_then(rig):
    rig.client.ready = False
    rig.call()
    rig.wait(0.5 * DISCOVERY_S)
    assert rig.client.asked == rig.told == []
    rig.client.ready = True
    rig.wait(0.0)
    rig.client.asked[0].set_result(Trigger.Response(message='nothing to clear'))
    rig.wait(0.0)
    assert rig.told == ['nothing to clear']


def test_a_service_that_does_not_come_is_told_and_not_asked(rig):
    rig.client.ready = False
    rig.call()
    rig.wait(1.01 * DISCOVERY_S)
    rig.client.ready = True
    rig.wait(LONG)
    assert rig.client.asked == []
    assert rig.told == ['there is no service /segmenter/clear_prompts: is the node running?']


def test_who_calls_again_before_the_answer_is_told_once_what_the_second_call_did(rig):
    rig.call()
    rig.call()
    first, second = rig.client.asked
    assert rig.client.given_up == [first]
    second.set_result(Trigger.Response(message='1 objects cleared'))
    rig.wait(LONG)
    assert rig.told == ['1 objects cleared']


def test_it_finds_a_real_service_that_starts_after_the_call():
    told = []
    executor = SingleThreadedExecutor()
    asking, serving = Node('asking'), Node('serving')
    for node in (asking, serving):
        executor.add_node(node)
    client = asking.create_client(Trigger, 'test_patient_call')
    # No time passes: neither discovery nor the answer is late, however busy the machine is.
    patient = RetryingCall(client, told.append, lambda: 0.0)
    patient.call()
    for _ in range(3):
        patient.poll()
    assert told == []

    def answer(_, response):
        response.message = 'here'
        return response

    serving.create_service(Trigger, 'test_patient_call', answer)
    serve_until(executor, lambda: patient.poll() or told)
    assert told == ['here']
    executor.shutdown()
    for node in (asking, serving):
        node.destroy_node()
