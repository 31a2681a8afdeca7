"""Colour where somebody looks at it."""

from __future__ import annotations

import os
import shutil
import sys
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
