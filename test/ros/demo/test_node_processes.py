"""Processes of the demo: their lines are collected, they end with it and ignore Ctrl-C."""

import signal
import subprocess
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


class Deaf(NodeProcesses):
    """Cannot read what its processes say."""

    def _collect(self, stream):
        raise TypeError('of the thread')


def test_a_process_that_cannot_be_read_is_ended_and_that_is_said():
    # It would fill the pipe, and stand still.
    talk = 'import sys\nfor _ in range(10_000): print("x" * 100, file=sys.stderr)'
    with Deaf([python(talk + LIVE.replace('; ', '\n'))]) as processes:
        line = first_line(processes)
        processes._processes[0].wait(PATIENCE)
        assert not processes.running
    assert list(processes.new_lines()) == []
    assert line.startswith(
        'ended, since its standard error cannot be read (TypeError: of the thread): '
    )


@pytest.mark.parametrize(
    ('code', 'how'),
    [
        ('import os, signal; os.kill(os.getpid(), signal.SIGSEGV)', 'by signal 11'),
        ('raise SystemExit(3)', 'with exit code 3'),
    ],
)
def test_the_end_of_a_process_that_fails_is_said(code, how):
    with NodeProcesses([python(TELL.format(1) + LIVE), python(code)]) as processes:
        lines = {first_line(processes), first_line(processes)}
    [ended] = lines - {'1'}
    assert ended.startswith(f'ended {how}: ')
    assert list(processes.new_lines()) == []


def test_where_one_cannot_start_the_others_are_ended_and_ctrl_c_works_again(monkeypatch):
    started = []

    class Noted(subprocess.Popen):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, 'Popen', Noted)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(FileNotFoundError):
        NodeProcesses([python(TELL.format(1) + LIVE), ['/no/such/program']])
    assert signal.getsignal(signal.SIGINT) is before
    assert started[0].wait(PATIENCE) == -signal.SIGTERM
    started[0].stderr.close()


def test_ctrl_c_is_nothing_to_those_that_are_still_starting():
    ignored = 'signal.getsignal(signal.SIGINT) is signal.SIG_IGN'
    with NodeProcesses([python(f'import signal; {TELL.format(ignored)}')]) as processes:
        assert first_line(processes) == 'True'


def test_without_any_it_runs_on():
    with NodeProcesses([]) as processes:
        assert processes.running
