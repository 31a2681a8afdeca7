"""Limits of what clients may use: messages per second, and connections that stay idle."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from aiohttp import web

# The page acknowledges each frame, and nobody clicks faster than this.
MESSAGES_PER_SECOND, BURST = 120.0, 240.0
# Refused messages after which a client is disconnected.
MAX_REFUSED = 500
IDLE_TIMEOUT_S = 10.0
MAX_CONNECTIONS = 100


class RateLimiter:
    """A token bucket for the messages of one client.

    Args:
        clock: steady, in seconds.

    Attributes:
        refused: messages beyond the rate, and malformed ones.

    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.refused = 0
        self._clock = clock
        self._left = BURST
        self._refilled = clock()

    def allow(self) -> bool:
        """Take one message from the bucket; return whether it was left."""
        now = self._clock()
        self._left = min(self._left + MESSAGES_PER_SECOND * (now - self._refilled), BURST)
        self._refilled = now
        if self._left < 1:
            self.refused += 1
            return False
        self._left -= 1
        return True

    @property
    def message(self) -> str:
        """The error text for a client beyond the rate."""
        return f'more than {MESSAGES_PER_SECOND:g} messages per second; send fewer'

    @property
    def exceeded(self) -> bool:
        """Whether so much was refused that the client is to be disconnected."""
        return self.refused > MAX_REFUSED


class IdleConnectionCloser:
    """Closes connections that send no request, as each open socket costs memory.

    Args:
        refused: counts closed connections by cause.
        clock: steady, in seconds.

    """

    def __init__(self, refused: Counter[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._refused = refused
        self._clock = clock
        self._idle_since: dict[Any, float] = {}
        self._used: set[Any] = set()

    def on_request(self, request: web.Request) -> None:
        """Exempt the connection of a request from then on."""
        self._used.add(request.protocol)

    def close_idle(self, connections: list[Any]) -> None:
        """Close connections that are idle for too long, and idle ones beyond the limit."""
        now = self._clock()
        self._used.intersection_update(connections)
        idle = [connection for connection in connections if connection not in self._used]
        self._idle_since = {one: self._idle_since.get(one, now) for one in idle}
        excess = len(connections) - MAX_CONNECTIONS
        for index, connection in enumerate(idle):
            if now - self._idle_since[connection] > IDLE_TIMEOUT_S:
                self._close(connection, 'idle connections')
            elif index < excess:
                self._close(connection, 'too many connections')

    def _close(self, connection: Any, cause: str) -> None:
        if connection.transport is not None:
            self._refused[cause] += 1
            connection.transport.abort()
