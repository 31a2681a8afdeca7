"""Processes that run beside the demo: they are heard, they end with it, Ctrl-C is not theirs."""

import signal
import sys

import pytest
from helpers.harness import PATIENCE

from picosam_ros.ros.demo import companions as companions_module
from picosam_ros.ros.demo.companions import Companions

TELL = 'import sys; print({}, file=sys.stderr, flush=True)'
# Until somebody ends it; PATIENCE at most.
LIVE = f'; import threading; threading.Event().wait({PATIENCE})'


def python(code):
    return [sys.executable, '-c', code]


def first_line(companions):
    """Wait until the first of them has said something."""
    return companions._lines.get(timeout=PATIENCE)


def test_what_they_write_to_standard_error_is_given_once_line_by_line():
    with Companions([python(TELL.format("'one\\ntwo'"))]) as companions:
        companions._processes[0].wait(PATIENCE)
    assert list(companions.said()) == ['one', 'two']
    assert list(companions.said()) == []


def test_bytes_that_are_no_text_are_replaced():
    with Companions([python("import os; os.write(2, b'a\\xffb\\n')")]) as companions:
        assert first_line(companions) == 'a\N{REPLACEMENT CHARACTER}b'


@pytest.mark.parametrize('number', [0, 1])
def test_it_is_over_when_the_first_one_ends_and_no_other(number):
    commands = [python(TELL.format(1) + LIVE), python(TELL.format(2) + LIVE)]
    commands[number] = python('')
    with Companions(commands) as companions:
        companions._processes[number].wait(PATIENCE)
        assert companions.running == (number == 1)


def test_at_the_end_all_have_ended():
    with Companions([python(TELL.format(1) + LIVE)] * 2) as companions:
        first_line(companions)
    assert all(process.poll() is not None for process in companions._processes)


def test_who_does_not_end_is_killed_and_that_is_said(monkeypatch):
    monkeypatch.setattr(companions_module, 'GOODBYE_SECONDS', 0.2)
    stubborn = 'import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); '
    with Companions([python(stubborn + TELL.format(1) + LIVE)]) as companions:
        first_line(companions)
    assert companions._processes[0].wait(PATIENCE) == -signal.SIGKILL
    [line] = companions.said()
    assert line.startswith('killed, since it did not end: ')


def test_ctrl_c_is_nothing_to_those_that_are_still_starting():
    ignored = 'signal.getsignal(signal.SIGINT) is signal.SIG_IGN'
    with Companions([python(f'import signal; {TELL.format(ignored)}')]) as companions:
        assert first_line(companions) == 'True'


def test_without_any_it_runs_on():
    with Companions([]) as companions:
        assert companions.running
