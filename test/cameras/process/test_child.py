"""The child process itself: whatever its camera raises reaches the process that wants frames."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from helpers import child_cameras
from helpers.patient import PATIENCE, until

from picosam_ros.cameras.process import child_process
from picosam_ros.cameras.process.child_process import ChildProcess
from picosam_ros.cameras.process.messages import (
    Captured,
    Connected,
    Failed,
    Next,
    Order,
    Started,
)
from picosam_ros.errors import CameraError


@pytest.fixture
def run(monkeypatch):
    """Run a camera of helpers.child_cameras in a child that may take its time to end."""
    for name in ('END_S', 'KILL_S'):
        monkeypatch.setattr(child_process, name, PATIENCE)
    children = []

    def run(kind, **options):
        children.append(ChildProcess(Order(child_cameras.__name__, kind, options)))
        return children[-1]

    yield run
    for child in children:
        child.end()


def receive(child):
    message = child.receive(PATIENCE)
    assert message is not None
    return message


def has_ended(pid):
    """Whether a process has ended that its parent has not asked about yet."""
    return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] == 'Z'


def until_streaming(child):
    assert isinstance(receive(child), Connected)
    assert isinstance(receive(child), Started)


def test_a_child_tells_its_phases_and_sends_frames(run):
    child = run('Steady')
    until_streaming(child)
    for _ in range(3):
        message = receive(child)
        assert isinstance(message, Captured)
        assert np.array_equal(child.frame_of(message).pixels, child_cameras.PIXELS)


@pytest.mark.parametrize('kind', ['FailsToConnect', 'FailsToRead'])
def test_a_camera_that_raises_is_told_and_the_child_ends(run, kind, capfd):
    child = run(kind)
    while not isinstance(message := receive(child), Failed):
        pass
    assert message.text.startswith('TypeError: a ')
    assert 'that nobody expected' in message.text
    with pytest.raises(CameraError, match='ended unexpectedly'):
        child.receive(PATIENCE)
    assert not child.running
    assert 'Traceback' in capfd.readouterr().err


def test_a_camera_that_cannot_be_closed_ends_all_the_same(run, capfd):
    child = run('FailsToClose')
    until_streaming(child)
    child.end()
    assert not child.running
    assert 'an end that nobody expected' in capfd.readouterr().err


def test_a_call_that_raises_is_answered_with_it(run, capfd):
    child = run('FailsToLook')
    until_streaming(child)
    for number in range(2):
        answer = child.call(number, PATIENCE)
        assert answer.text == f'TypeError: a call with {number} that nobody expected'
    assert isinstance(receive(child), Captured)
    assert 'Traceback' in capfd.readouterr().err


def test_a_progress_that_raises_is_not_known(run, tmp_path, capfd):
    child = run('FailsToTellProgress', let_go=str(tmp_path / 'go'))
    assert isinstance(receive(child), Connected)
    teller = tmp_path / 'go.teller'
    until(lambda: teller.exists() and teller.read_text().endswith('\n'))
    until(lambda: has_ended(int(teller.read_text())))
    # Once: what is printed while capfd reads may be lost.
    assert 'a progress that nobody expected' in capfd.readouterr().err
    assert child.memory.progress == (0, 0)
    (tmp_path / 'go').touch()
    assert isinstance(receive(child), Started)


def test_an_order_that_cannot_be_followed_is_told(run):
    message = receive(run('Missing'))
    assert message.text.startswith('AttributeError: ')


def test_what_a_camera_prints_is_not_printed_on_our_output(run, capfd):
    until_streaming(run('Chatty'))
    printed = capfd.readouterr()
    assert 'found a camera' in printed.err
    assert not printed.out


def test_a_child_that_does_not_answer_in_time_is_told_and_its_late_answer_is_dropped(run, tmp_path):
    child = run('LooksLate', let_go=str(tmp_path / 'go'))
    until_streaming(child)
    with pytest.raises(CameraError, match='did not answer within 0 s'):
        child.call('first', 0)
    (tmp_path / 'go').touch()
    assert child.call('second', PATIENCE) == 'second'


def test_a_child_that_dies_in_the_middle_of_a_message_is_told(run):
    child = run('Lengthy')
    until_streaming(child)
    # As `receive` does, which may come in for the beginning of the message and wait for its end.
    child._frames.send(Next())
    child._asked = True
    # It has begun, and cannot end before somebody reads: it is longer than a socket holds.
    assert child._frames.poll(PATIENCE)
    os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(CameraError, match=r'ended unexpectedly \(signal 9\)'):
        child.receive(PATIENCE)
