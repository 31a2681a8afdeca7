"""Standard output and error where they are closed, full, or have lost their reader."""

from __future__ import annotations

import io
import os
import sys

from picosam_ros.errors import OutputError


def open_closed_streams() -> None:
    """Open input, output and error where they are closed: what is printed is dropped.

    The next file that is opened would get the number of a closed one, and whatever a library
    prints would go into it; others, such as faulthandler, raise.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = _discarding()
    if sys.stderr is None:
        sys.stderr = _discarding()


def open_output_stream() -> None:
    """Make all of them ones that can be used.

    Raises:
        OutputError: standard output is closed, which is where results go.

    """
    closed = sys.stdout is None
    open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A question mark for a character that the terminal cannot encode.
            stream.reconfigure(errors='replace')
    if closed:
        raise OutputError(
            'standard output is closed, which is where the result goes; redirect it: >/dev/null'
        )


def output_fault() -> OutputError | None:
    """Return what keeps standard output from being written, if anything does, and give it up."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError) as error:
        discard_output()
        reason = getattr(error, 'strerror', None) or str(error)
        return OutputError(f'standard output cannot be written: {reason.lower()}')
    return None


def discard_output() -> None:
    """Drop what is still to be written: Python would raise once more while it exits."""
    sys.stdout = _discarding()
    _close(1)


def discard_errors() -> None:
    """Do the same with standard error."""
    sys.stderr = _discarding()
    _close(2)


def _close(number: int) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)


def _discarding() -> io.TextIOWrapper:
    return open(os.devnull, 'w', encoding='utf-8')  # noqa: PTH123 - until the process ends
