"""SIGINT and SIGTERM: the first one tells a program to end, and further ones change nothing."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

_ENDING = (signal.SIGINT, signal.SIGTERM)


def on_ending(function: Callable[[], object]) -> dict[int, Any]:
    """Call a function at the first of them, and ignore those that follow.

    They would interrupt the function, which may hold a lock by then, or Python while it exits,
    which would change the exit code. To be called from the main thread.

    Returns:
        The handlers that were there before.

    """

    def handle(*_: object) -> None:
        for number in _ENDING:
            signal.signal(number, signal.SIG_IGN)
        function()

    return {number: signal.signal(number, handle) for number in _ENDING}
