"""Processes of the demo: their lines are collected, they end with it and ignore Ctrl-C."""

import signal
import sys

import pytest
from helpers.harness import PATIENCE

from picosam_ros.ros.demo import node_processes
from picosam_ros.ros.demo.node_processes import NodeProcesses

TELL = 'import sys; print({}, file=sys.stderr, flush=True)'
# Until somebody ends it; PATIENCE at most.
LIVE = f'; import threading; threading.Event().wait({PATIENCE})'


def python(code):
    return [sys.executable, '-c', code]


def first_line(processes):
    """Wait until the first of them has said something."""
    return processes._lines.get(timeout=PATIENCE)


def test_what_they_write_to_standard_error_is_given_once_line_by_line():
    with NodeProcesses([python(TELL.format("'one\\ntwo'"))]) as processes:
        processes._processes[0].wait(PATIENCE)
    assert list(processes.new_lines()) == ['one', 'two']
    assert list(processes.new_lines()) == []


def test_bytes_that_are_no_text_are_replaced():
    with NodeProcesses([python("import os; os.write(2, b'a\\xffb\\n')")]) as processes:
        assert first_line(processes) == 'a\N{REPLACEMENT CHARACTER}b'


@pytest.mark.parametrize('number', [0, 1])
def test_it_is_over_when_the_first_one_ends_and_no_other(number):
    commands = [python(TELL.format(1) + LIVE), python(TELL.format(2) + LIVE)]
    commands[number] = python('')
    with NodeProcesses(commands) as processes:
        processes._processes[number].wait(PATIENCE)
        assert processes.running == (number == 1)


def test_at_the_end_all_have_ended():
    with NodeProcesses([python(TELL.format(1) + LIVE)] * 2) as processes:
        first_line(processes)
    assert all(process.poll() is not None for process in processes._processes)


def test_who_does_not_end_is_killed_and_that_is_said(monkeypatch):
    monkeypatch.setattr(node_processes, 'END_TIMEOUT_S', 0.2)
    stubborn = 'import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); '
    with NodeProcesses([python(stubborn + TELL.format(1) + LIVE)]) as processes:
        first_line(processes)
    assert processes._processes[0].wait(PATIENCE) == -signal.SIGKILL
    [line] = processes.new_lines()
    assert line.startswith('killed, since it did not end within 0.2 s: ')


def test_ctrl_c_is_nothing_to_those_that_are_still_starting():
    ignored = 'signal.getsignal(signal.SIGINT) is signal.SIG_IGN'
    with NodeProcesses([python(f'import signal; {TELL.format(ignored)}')]) as processes:
        assert first_line(processes) == 'True'


def test_without_any_it_runs_on():
    with NodeProcesses([]) as processes:
        assert processes.running
