"""Colour where somebody looks at it."""

from __future__ import annotations

import os
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
