import pytest
from rclpy.lifecycle import TransitionCallbackReturn

from picosam_ros.errors import CameraError
from picosam_ros.ros.diagnostics import ERROR
from picosam_ros.ros.managed_node import ManagedNode

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class Noted(ManagedNode):
    """Notes its verbs, and raises what the test wants."""

    def __init__(self):
        super().__init__('noted', ())
        self.called = []
        self.faults = {}

    def report(self):
        return {}

    def _note(self, verb):
        self.called.append((verb, self.active))
        if verb in self.faults:
            raise self.faults.pop(verb)

    def open(self):
        self._note('open')

    def start(self):
        self._note('start')

    def stop(self):
        self._note('stop')

    def close(self):
        self._note('close')


@pytest.fixture
def noted():
    node = Noted()
    yield node
    node.destroy_node()


def test_each_transition_is_one_verb_and_the_node_is_active_between_start_and_stop(noted):
    for trigger in ('configure', 'activate', 'deactivate', 'cleanup'):
        assert getattr(noted, f'trigger_{trigger}')() == SUCCESS
    assert noted.called == [('open', False), ('start', True), ('stop', False), ('close', False)]


def test_what_cannot_be_opened_is_closed_and_told_until_it_can(noted):
    noted.faults['open'] = CameraError('no camera is connected')
    assert noted.trigger_configure() == FAILURE
    assert noted.called[-1] == ('close', False)
    assert noted.fault == 'no camera is connected'
    assert noted.trigger_configure() == SUCCESS
    assert noted.fault == ''


def test_a_surprise_stops_and_closes_and_leaves_the_node_fit_for_another_try(noted):
    noted.trigger_configure()
    noted.faults['start'] = ZeroDivisionError()
    assert noted.trigger_activate() == TransitionCallbackReturn.ERROR
    assert noted.called[-2:] == [('stop', False), ('close', False)]
    assert noted.trigger_configure() == noted.trigger_activate() == SUCCESS


@pytest.mark.parametrize('verb', ['start', 'stop', 'close'])
def test_a_transition_that_raises_is_told_and_leaves_a_node_that_answers(noted, verb):
    triggers = {'start': 'activate', 'stop': 'deactivate', 'close': 'cleanup'}
    for trigger in ('configure', 'activate', 'deactivate', 'cleanup'):
        if trigger == triggers[verb]:
            break
        assert getattr(noted, f'trigger_{trigger}')() == SUCCESS
    noted.faults[verb] = ZeroDivisionError('no reason')
    assert getattr(noted, f'trigger_{triggers[verb]}')() == TransitionCallbackReturn.ERROR
    [status] = noted._components().values()
    assert (status.level, status.values['errors']) == (ERROR, 1)
    assert 'ZeroDivisionError: no reason' in status.message
    assert noted.trigger_configure() == noted.trigger_activate() == SUCCESS


def test_what_the_end_raises_ends_it_all_the_same(noted):
    noted.trigger_configure()
    noted.faults = {'stop': ZeroDivisionError(), 'close': ZeroDivisionError()}
    assert noted.trigger_shutdown() == SUCCESS
    assert noted.finalized
    assert noted._components()['callbacks'].values['errors'] == 2


def test_a_report_that_raises_is_itself_reported(noted, monkeypatch):
    monkeypatch.setattr(noted, 'report', lambda: 1 / 0)
    assert 'ZeroDivisionError' in noted._components()['callbacks'].message


def test_shutdown_stops_and_closes_from_wherever_the_node_is(noted):
    noted.trigger_configure()
    noted.trigger_activate()
    noted.trigger_shutdown()
    assert noted.called[-2:] == [('stop', False), ('close', False)]
    assert noted.finalized


def test_what_can_happen_is_told_as_a_sentence_and_a_surprise_with_its_kind(noted):
    noted.failed(CameraError('no camera is connected'))
    assert noted.fault == 'no camera is connected'
    noted.failed(KeyError('roi'))
    assert noted.fault == "KeyError: 'roi'"
