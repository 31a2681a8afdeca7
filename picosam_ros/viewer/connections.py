"""The open connections of the server: how many there may be, from where, and for how long idle."""

from __future__ import annotations

import ipaddress
import time
from asyncio import BaseTransport
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Connections whose requests were not accepted yet (no token, no request at all) are closed after
# this time; so many are open at most, in all and from one address.
IDLE_TIMEOUT_S = 10.0
MAX_UNAUTHORIZED, MAX_UNAUTHORIZED_PER_ADDRESS = 64, 16
# Connections beside those of the browsers' sockets: of pages that load, and unauthorized ones.
SPARE = 84


@dataclass(eq=False)
class _Connection:
    address: str
    since: float
    authorized: bool = False


class Connections:
    """Keeps the connections few: where there are too many, the oldest unauthorized one has to go.

    A good browser is authorized within milliseconds, so that a crowd of others does not keep it
    out. To be used from one event loop.

    Args:
        refused: counts closed connections by cause.
        max_clients: browsers connected at the same time.
        clock: steady, in seconds.

    """

    def __init__(
        self,
        refused: Counter[str],
        max_clients: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._refused = refused
        self._limit = max_clients + SPARE
        self._clock = clock
        self._open: dict[Any, _Connection] = {}

    def __len__(self) -> int:
        self._forget_closed()
        return len(self._open)

    def opened(self, transport: BaseTransport) -> None:
        """Note a new connection, and close one if these are too many."""
        self._forget_closed()
        address = self._note(transport).address
        unauthorized = self._unauthorized()
        of_address = [one for one in unauthorized if self._open[one].address == address]
        if len(of_address) > MAX_UNAUTHORIZED_PER_ADDRESS:
            self._close(of_address[0], 'too many connections of an address')
        elif len(unauthorized) > MAX_UNAUTHORIZED or len(self._open) > self._limit:
            self.shed()

    def authorized(self, transport: BaseTransport | None) -> None:
        """Note that a request of a connection was accepted."""
        if transport is not None:
            self._note(transport).authorized = True

    def shed(self) -> None:
        """Close the oldest unauthorized connection of the address that has most of them."""
        unauthorized = self._unauthorized()
        if unauthorized:
            crowds = Counter(self._open[one].address for one in unauthorized)
            crowd = crowds.most_common(1)[0][0]
            oldest = next(one for one in unauthorized if self._open[one].address == crowd)
            self._close(oldest, 'too many connections')

    def no_descriptor_left(self) -> None:
        """Note that a connection could not be accepted; close one, so that others can be."""
        self._refused['no file descriptor left'] += 1
        self.shed()

    def close_idle(self) -> None:
        """Close connections without an accepted request for too long."""
        self._forget_closed()
        limit = self._clock() - IDLE_TIMEOUT_S
        for transport in self._unauthorized():
            if self._open[transport].since < limit:
                self._close(transport, 'idle connections')

    def _note(self, transport: BaseTransport) -> _Connection:
        # A request may be accepted before the connection is known to be open.
        address = address_of(transport.get_extra_info('peername'))
        return self._open.setdefault(transport, _Connection(address, self._clock()))

    def _unauthorized(self) -> list[Any]:
        return [transport for transport, one in self._open.items() if not one.authorized]

    def _forget_closed(self) -> None:
        self._open = {one: known for one, known in self._open.items() if not one.is_closing()}

    def _close(self, transport: Any, cause: str) -> None:
        self._refused[cause] += 1
        transport.abort()


def address_of(peer: object) -> str:
    """Return what counts as one address: an IPv4 address, or an IPv6 network of 64 bits."""
    try:
        address = ipaddress.ip_address(str(peer[0]).partition('%')[0])  # type: ignore[index]
    except (ValueError, TypeError, IndexError):
        return ''
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
        address = address.ipv4_mapped
    return str(address)
