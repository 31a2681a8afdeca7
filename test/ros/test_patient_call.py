"""What a service does not answer, it is asked again."""

import pytest
from rclpy.task import Future
from std_srvs.srv import Trigger

from picosam_ros.ros.patient_call import PATIENCE_S, TRIES, PatientCall


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
        self.call = PatientCall(self.client, self.told.append, lambda: self.now)

    def wait(self, seconds):
        self.now += seconds
        self.call.look()


@pytest.fixture
def rig():
    return Rig()


def test_the_answer_is_told_once_and_nothing_is_asked_again(rig):
    rig.call.call()
    rig.client.asked[0].set_result(Trigger.Response(success=True, message='3 objects cleared'))
    for _ in range(2 * TRIES):
        rig.wait(PATIENCE_S)
    assert rig.told == ['3 objects cleared']
    assert len(rig.client.asked) == 1


def test_a_lost_answer_is_asked_for_again(rig):
    rig.call.call()
    rig.wait(0.9 * PATIENCE_S)
    assert len(rig.client.asked) == 1
    rig.wait(0.1 * PATIENCE_S)
    lost, second = rig.client.asked
    assert rig.client.given_up == [lost]
    second.set_result(Trigger.Response(message='nothing to clear'))
    assert rig.told == ['nothing to clear']


def test_silence_to_the_last_try_is_told(rig):
    rig.call.call()
    for _ in range(TRIES + 3):
        rig.wait(PATIENCE_S)
    assert len(rig.client.asked) == TRIES
    assert rig.client.given_up == rig.client.asked
    assert rig.told == ['/segmenter/clear_prompts does not answer: does the node run?']


def test_a_service_that_is_not_there_is_told_and_not_asked(rig):
    rig.client.ready = False
    rig.call.call()
    rig.wait(PATIENCE_S)
    assert rig.client.asked == []
    assert rig.told == ['there is no service /segmenter/clear_prompts: does the node run?']
