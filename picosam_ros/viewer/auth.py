"""Who may look: the address that a request was sent to, the page that it came from, the token.

A page of the web that the user visits can make the browser send requests to this machine. Its
own name in `Host` (DNS rebinding) and in `Origin` gives it away.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
import socket
from collections.abc import Mapping

_LOCAL_NAMES = ('localhost',)
_TOKEN_BYTES = 24


class Admission:
    """Judges requests by their headers.

    Args:
        address: that the server is bound to. Any that is not this machine alone gets a token.

    Attributes:
        token: that a page must know; empty if none is asked for.

    """

    def __init__(self, address: str) -> None:
        self.token = '' if is_loopback(address) else secrets.token_urlsafe(_TOKEN_BYTES)
        own = socket.gethostname().lower()
        names = (own, socket.getfqdn().lower(), f'{own}.local') if self.token else ()
        self._names = frozenset((*_LOCAL_NAMES, *names))

    def complaint(self, headers: Mapping[str, str]) -> str:
        """Why a request is refused, as a sentence; empty if it is not."""
        host = headers.get('Host', '')
        if not self._is_ours(host):
            return (
                f'Host {host!r} was given; open the viewer by an IP address or by one of '
                f'{", ".join(sorted(self._names))}'
            )
        origin = headers.get('Origin')
        if origin is not None and origin.partition('://')[2] != host:
            return f"Origin {origin!r} was given; only the viewer's own page may talk to it"
        return ''

    def knows(self, given: str) -> bool:
        """Whether the token is right; in a time that does not tell how much of it is."""
        return not self.token or secrets.compare_digest(
            given.encode(errors='replace'), self.token.encode()
        )

    def _is_ours(self, host: str) -> bool:
        if not re.fullmatch(r'(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?', host):
            return False
        name = re.sub(r':\d+$', '', host).strip('[]').lower()
        if name in self._names:
            return True
        # A name of the web is no number: what was sent to a number was meant for this machine.
        return _is_number(name) if self.token else is_loopback(name)


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach an address."""
    return address in _LOCAL_NAMES or (
        _is_number(address) and ipaddress.ip_address(address).is_loopback
    )


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
