"""The terminal: colour, lines that are redrawn, a progress bar, and Ctrl-C."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from picosam_ros.signals import on_ending

STYLES = {'bold': '1', 'dim': '2', 'red': '31', 'green': '32', 'yellow': '33', 'cyan': '36'}


def paint(text: str, style: str, stream: TextIO | None = None) -> str:
    """Return the text in one of STYLES, or as it is if `stream` (standard output) is no terminal.

    NO_COLOR is honoured: https://no-color.org
    """
    stream = stream or sys.stdout
    if os.environ.get('NO_COLOR') or os.environ.get('TERM') == 'dumb' or not stream.isatty():
        return text
    return f'\033[{STYLES[style]}m{text}\033[0m'


class Screen:
    """Text that is redrawn in place; prints nothing if standard output is not a terminal."""

    def __init__(self, *, live: bool) -> None:
        self._live = live and sys.stdout.isatty()
        self._lines = 0

    def show(self, text: str) -> None:
        """Replace the text that was shown before."""
        if not self._live:
            return
        self.clear()
        rows = shutil.get_terminal_size().lines
        lines = text.splitlines()[: rows - 1]
        # Without wrapping: a wrapped line would count as two when the cursor goes back.
        sys.stdout.write('\033[?7l' + '\n'.join(lines) + '\n\033[?7h')
        sys.stdout.flush()
        self._lines = len(lines)

    def clear(self) -> None:
        """Erase the text."""
        if self._lines:
            sys.stdout.write(f'\033[{self._lines}F\033[J')
            self._lines = 0


REFRESH_SECONDS = 0.2
BAR_WIDTH = 30


class Progress:
    """A progress bar on a terminal; prints nothing elsewhere.

    Args:
        total: number of items to be done; 0 if unknown.
        what: their name, in the plural.
        live: whether to draw.

    """

    def __init__(self, total: int, what: str, *, live: bool) -> None:
        self._total = total
        self._what = what
        self._screen = Screen(live=live)
        self._start = self._shown = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since construction."""
        return time.perf_counter() - self._start

    def show(self, done: int) -> None:
        """Redraw the bar, at most every REFRESH_SECONDS."""
        if not done or time.perf_counter() - self._shown < REFRESH_SECONDS:
            return
        self._shown = time.perf_counter()
        rate = f'{done / self.seconds:.0f}/s'
        if not self._total:
            self._screen.show(f'{done} {self._what}  {rate}')
            return
        share = min(done / self._total, 1.0)
        left = self.seconds * (1 - share) / share
        filled = round(BAR_WIDTH * share)
        bar = paint('█' * filled, 'green') + paint('░' * (BAR_WIDTH - filled), 'dim')
        self._screen.show(
            f'{bar} {share:4.0%}  '
            f'{done} of {self._total} {self._what}  {rate}  {_duration(left)} left'
        )

    def end(self) -> None:
        """Erase the bar."""
        self._screen.clear()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f'{minutes} min {rest:02} s' if minutes else f'{rest} s'


# The exit code of a program that Ctrl-C ended: 128 and the signal's number.
INTERRUPTED = 130


@contextmanager
def catch_interrupt() -> Iterator[threading.Event]:
    """Set the event on SIGINT and SIGTERM instead of raising, so that open files get finished."""
    interrupted = threading.Event()
    handlers = on_ending(interrupted.set)
    try:
        yield interrupted
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
