"""Trying things in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec

TIMEOUT_S = 60

# Imports from where this process does, and tells an error by the first line that says anything.
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


@dataclass(frozen=True)
class Outcome:
    """Whether the code ran, and the last line that it printed, or its error."""

    works: bool
    text: str


def attempt(code: str) -> Outcome:
    """Run Python code with this interpreter; a crash is an outcome too."""
    command = [sys.executable, '-c', _PROGRAM, json.dumps(sys.path), code]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return Outcome(False, f'gave no answer within {TIMEOUT_S} s')
    if done.returncode < 0:
        return Outcome(False, f'crashed with signal {-done.returncode}')
    return Outcome(not done.returncode, _last_line(done.stderr if done.returncode else done.stdout))


def is_installed(module: str) -> bool:
    """Whether a module could be imported, as far as its place tells."""
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ''
