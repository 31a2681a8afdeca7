"""The process of the demo: its lines are collected, it ends with the demo and ignores Ctrl-C."""

import signal
import sys

import pytest
from helpers.harness import PATIENCE

from picosam_ros.ros.demo import node_process
from picosam_ros.ros.demo.node_process import NodeProcess

TELL = 'import sys; print({}, file=sys.stderr, flush=True)'
# Until somebody ends it; PATIENCE at most.
LIVE = f'; import threading; threading.Event().wait({PATIENCE})'


def python(code):
    return [sys.executable, '-c', code]


def first_line(process):
    """Wait until it has said something."""
    return process._lines.get(timeout=PATIENCE)


def test_what_it_writes_to_standard_error_is_given_once_line_by_line():
    with NodeProcess(python(TELL.format("'one\\ntwo'"))) as process:
        process._process.wait(PATIENCE)
    assert list(process.new_lines()) == ['one', 'two']
    assert list(process.new_lines()) == []


def test_bytes_that_are_no_text_are_replaced():
    with NodeProcess(python("import os; os.write(2, b'a\\xffb\\n')")) as process:
        assert first_line(process) == 'a\N{REPLACEMENT CHARACTER}b'


def test_it_runs_until_the_end_of_the_block():
    with NodeProcess(python(TELL.format(1) + LIVE)) as process:
        first_line(process)
        assert process.running
    assert not process.running


def test_if_it_does_not_end_it_is_killed_and_that_is_said(monkeypatch):
    monkeypatch.setattr(node_process, 'END_TIMEOUT_S', 0.2)
    stubborn = 'import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); '
    with NodeProcess(python(stubborn + TELL.format(1) + LIVE)) as process:
        first_line(process)
    assert process._process.wait(PATIENCE) == -signal.SIGKILL
    [line] = process.new_lines()
    assert line.startswith('killed, since it did not end within 0.2 s: ')


class Deaf(NodeProcess):
    """Cannot read what its process says."""

    def _collect(self, stream):
        raise TypeError('of the thread')


def test_if_it_cannot_be_read_it_is_ended_and_that_is_said():
    # It would fill the pipe, and stand still.
    talk = 'import sys\nfor _ in range(10_000): print("x" * 100, file=sys.stderr)'
    with Deaf(python(talk + LIVE.replace('; ', '\n'))) as process:
        line = first_line(process)
        process._process.wait(PATIENCE)
        assert not process.running
    assert list(process.new_lines()) == []
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
def test_if_it_fails_that_is_said(code, how):
    with NodeProcess(python(code)) as process:
        ended = first_line(process)
    assert ended.startswith(f'ended {how}: ')
    assert list(process.new_lines()) == []


def test_if_it_cannot_start_ctrl_c_works_all_the_same():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(FileNotFoundError):
        NodeProcess(['/no/such/program'])
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_is_nothing_to_it_while_it_starts():
    ignored = 'signal.getsignal(signal.SIGINT) is signal.SIG_IGN'
    with NodeProcess(python(f'import signal; {TELL.format(ignored)}')) as process:
        assert first_line(process) == 'True'
