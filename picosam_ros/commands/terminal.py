"""The terminal: colour and live lines where somebody looks at it, and Ctrl-C."""

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
    """Text that is drawn again in its place; nothing where standard output is no terminal."""

    def __init__(self, *, live: bool) -> None:
        self._live = live and sys.stdout.isatty()
        self._lines = 0

    def show(self, text: str) -> None:
        """Put this in the place of what was shown before."""
        if not self._live:
            return
        self.clear()
        rows = shutil.get_terminal_size().lines
        lines = text.splitlines()[: rows - 1]
        # A line that wraps would be two to go back.
        sys.stdout.write('\033[?7l' + '\n'.join(lines) + '\n\033[?7h')
        sys.stdout.flush()
        self._lines = len(lines)

    def clear(self) -> None:
        """Take it away."""
        if self._lines:
            sys.stdout.write(f'\033[{self._lines}F\033[J')
            self._lines = 0


REFRESH_SECONDS = 0.2
WIDTH = 30


class Progress:
    """One line on a terminal; nothing elsewhere.

    Args:
        total: of the things that are counted; 0 if nobody knows.
        what: their name, in the plural.
        live: whether anything may be drawn at all.

    """

    def __init__(self, total: int, what: str, *, live: bool) -> None:
        self._total = total
        self._what = what
        self._screen = Screen(live=live)
        self._begun = self._shown = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.perf_counter() - self._begun

    def show(self, done: int) -> None:
        """Draw it, unless that was done just now."""
        if not done or time.perf_counter() - self._shown < REFRESH_SECONDS:
            return
        self._shown = time.perf_counter()
        rate = f'{done / self.seconds:.0f}/s'
        if not self._total:
            self._screen.show(f'{done} {self._what}  {rate}')
            return
        share = min(done / self._total, 1.0)
        left = self.seconds * (1 - share) / share
        filled = round(WIDTH * share)
        self._screen.show(
            f'{paint("█" * filled, "green")}{paint("░" * (WIDTH - filled), "dim")} {share:4.0%}  '
            f'{done} of {self._total} {self._what}  {rate}  {_duration(left)} left'
        )

    def end(self) -> None:
        """Take it away."""
        self._screen.clear()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f'{minutes} min {rest:02} s' if minutes else f'{rest} s'


# What a shell calls a program that Ctrl-C ended: 128 and the signal's number.
INTERRUPTED = 130


@contextmanager
def catch_interrupt() -> Iterator[threading.Event]:
    """Tell whether Ctrl-C was pressed: what is being written is finished first."""
    told = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: told.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
