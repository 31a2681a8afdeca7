"""The demo's table on a terminal: redrawn in place, never larger than the screen."""

import io

import pytest

from picosam_ros.latency import Timing
from picosam_ros.ros.demo.scoreboard import Scoreboard

ROWS, COLUMNS = 20, 50


class Terminal(io.StringIO):
    """Keeps what is written to it."""

    def isatty(self):
        return True

    def since(self):
        """Return what was written since the last call."""
        written = self.getvalue()
        self.seek(0)
        self.truncate()
        return written


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv('LINES', str(ROWS))
    monkeypatch.setenv('COLUMNS', str(COLUMNS))
    return Terminal()


@pytest.fixture
def scoreboard(terminal):
    return filled(Scoreboard(terminal))


def filled(scoreboard):
    scoreboard.add_frame(Timing(inference=4.0, total=6.0), 0)
    for scene in ('coffee', 'rocket'):
        scoreboard.enter(scene)
        scoreboard.add_mask(scene, f'part of the {scene}', 1200, 0.75)
    return scoreboard


def test_the_table_has_the_address_and_the_objects_that_are_in_sight(scoreboard, terminal):
    scoreboard.announce('http://127.0.0.1:8080/')
    scoreboard.show()
    shown = terminal.since()
    assert 'viewer    http://127.0.0.1:8080/' in shown
    assert 'part of the rocket' in shown
    assert 'part of the coffee' not in shown


def test_it_takes_the_place_of_the_one_before(scoreboard, terminal):
    scoreboard.show()
    lines = terminal.since().count('\n')
    scoreboard.show()
    assert terminal.since().startswith(f'\x1b[{lines}F\x1b[J')


def test_a_line_that_is_said_stays_above_the_table(scoreboard, terminal):
    scoreboard.show()
    lines = terminal.since().count('\n')
    scoreboard.print_line('the camera is gone')
    erased, said, *table = terminal.since().partition('the camera is gone\n')
    assert erased == f'\x1b[{lines}F\x1b[J'
    assert said
    assert table[0].count('\n') == lines
    assert '\x1b' not in table[0]


def test_what_does_not_fit_on_the_screen_is_left_out_until_the_end(scoreboard, terminal):
    for number in range(ROWS):
        scoreboard.add_mask('rocket', f'part {number} with a name that is far too long', 1, 0.5)
    scoreboard.show()
    lines = terminal.since().splitlines()
    assert len(lines) < ROWS
    assert max(map(len, lines)) <= COLUMNS
    scoreboard.show(final=True)
    ending = terminal.since()
    assert f'part {ROWS - 1} with a name that is far too long' in ending
    assert 'part of the coffee' in ending


def test_without_a_terminal_it_is_shown_at_the_end_and_what_is_said_goes_to_the_errors(capsys):
    scoreboard = filled(Scoreboard())
    scoreboard.show()
    scoreboard.print_line('the camera is gone')
    assert capsys.readouterr() == ('', 'the camera is gone\n')
    scoreboard.show(final=True)
    assert 'part of the rocket' in capsys.readouterr().out
