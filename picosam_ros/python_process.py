"""A module of this package in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Imports from the given path and from nowhere else: `-m` would put the working folder before it,
# and a file of the user that is named like a module of Python would end the child.
# Its first line is what `ps` shows.
PROGRAM = """\
# {module}
import sys
sys.path[:] = {path}
from runpy import run_module
run_module({module!r}, run_name='__main__', alter_sys=True)
"""


def run_python(module: str, arguments: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
    """Start a module in a Python that finds what this one finds."""
    path = [str(Path(entry).absolute()) for entry in sys.path]
    # A session of its own: Ctrl-C in the terminal is for the program, which ends this child.
    return subprocess.Popen(
        [sys.executable, '-c', PROGRAM.format(path=path, module=module), *arguments],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        **options,
    )
