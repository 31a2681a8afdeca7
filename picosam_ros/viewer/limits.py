"""Closes connections that ask for nothing: an open socket costs memory, also a silent one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from aiohttp import web

PATIENCE_S = 10.0
MAX_CONNECTIONS = 100


class Sweeper:
    """Looks at all connections of a server, whenever `sweep` is called.

    Args:
        refused: counts those that were closed, by cause.
        clock: seconds that never jump.

    """

    def __init__(self, refused: Counter[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._refused = refused
        self._clock = clock
        self._silent_since: dict[Any, float] = {}
        self._served: set[Any] = set()

    def serve(self, request: web.Request) -> None:
        """Note that a connection has asked for something."""
        self._served.add(request.protocol)

    def sweep(self, connections: list[Any]) -> None:
        """Close those that have been silent for too long, and silent ones beyond the limit."""
        now = self._clock()
        self._served.intersection_update(connections)
        silent = [one for one in connections if one not in self._served]
        self._silent_since = {one: self._silent_since.get(one, now) for one in silent}
        too_many = len(connections) - MAX_CONNECTIONS
        for index, one in enumerate(silent):
            if now - self._silent_since[one] > PATIENCE_S:
                self._close(one, 'connections silent')
            elif index < too_many:
                self._close(one, 'connections too many')

    def _close(self, connection: Any, cause: str) -> None:
        if connection.transport is not None:
            self._refused[cause] += 1
            connection.transport.abort()
