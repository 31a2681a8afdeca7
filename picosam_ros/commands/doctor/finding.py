"""A check's finding, and what checks use: running code in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

TIMEOUT_S = 60

# Imports from where this process does, and prints the first line of an error that is not empty.
_PROGRAM = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
try:
    exec(sys.argv[2])
except BaseException as error:
    lines = [line for line in str(error).splitlines() if line.strip()]
    print((lines or [type(error).__name__])[0], file=sys.stderr)
    sys.exit(1)
"""


class FindingState(str, Enum):
    """OK works; MISSING is not there; BROKEN is there and does not work."""

    OK = 'ok'
    MISSING = 'missing'
    BROKEN = 'broken'


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's table.

    Attributes:
        name: what was examined.
        state: whether it is there, and works.
        detail: its version or path; else what is wrong, or what it would add.
        fix: one shell command; empty if there is nothing to fix.
        required: whether picosam does not work without it here.
        group: the part of the table.

    """

    name: str
    state: FindingState
    detail: str
    fix: str = ''
    required: bool = False
    group: str = ''

    @property
    def failed(self) -> bool:
        """Whether it is required and does not work."""
        return self.required and self.state is not FindingState.OK


@dataclass(frozen=True)
class Outcome:
    """Whether the code ran, and the last line that it printed, or its error."""

    works: bool
    text: str


def run_isolated(code: str) -> Outcome:
    """Run Python code in a process of its own; a crash of it is an outcome, too."""
    command = [sys.executable, '-c', _PROGRAM, json.dumps(sys.path), code]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return Outcome(False, f'did not end within {TIMEOUT_S} s')
    if done.returncode < 0:
        return Outcome(False, f'crashed with signal {-done.returncode}')
    return Outcome(not done.returncode, _last_line(done.stderr if done.returncode else done.stdout))


def read_text(path: Path) -> str:
    """Return the text of a file of /proc, /sys or /dev, or '' where it cannot be read."""
    try:
        return path.read_text(encoding='utf-8', errors='replace').strip('\0\n ')
    except OSError:
        return ''


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ''
