"""Ctrl-C in the middle of writing a file."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# What a shell calls a program that Ctrl-C ended: 128 and the signal's number.
EXIT_CODE = 130


@contextmanager
def told_to_end() -> Iterator[threading.Event]:
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
