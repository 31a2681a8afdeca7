"""Access control of the viewer: `Host`, `Origin`, token and `Content-Security-Policy`.

Any web page that the user visits can make the browser send requests to this machine. Its own name
in `Host` (DNS rebinding) and in `Origin` gives it away.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LOCAL_NAMES = ('localhost',)
_TOKEN_BYTES = 24
_TOKEN_REQUIRED = (
    'This viewer can be reached from other machines and requires a token: open the address that '
    'its log shows, with ?token=…'
)


class AccessControl:
    """Checks the headers and the token of requests.

    Args:
        address: that the server is bound to; one that other machines can reach requires a token.

    Attributes:
        token: that a request must carry; empty if none is required.

    """

    def __init__(self, address: str) -> None:
        self.token = '' if is_loopback(address) else secrets.token_urlsafe(_TOKEN_BYTES)
        own = socket.gethostname().lower()
        names = (own, socket.getfqdn().lower(), f'{own}.local') if self.token else ()
        self._names = frozenset((*_LOCAL_NAMES, *names))

    def header_error(self, headers: Mapping[str, str]) -> str:
        """Return why a request is refused by its `Host` or `Origin`; empty if it is not."""
        host = headers.get('Host', '')
        if not self._is_own_host(host):
            names = ', '.join(sorted(self._names))
            return (
                f'Host {host!r} is not allowed; open the viewer by an IP address or by one of '
                f'these names: {names}'
            )
        origin = headers.get('Origin')
        if origin is not None and origin.partition('://')[2] != host:
            return f"Origin {origin!r} is not allowed; only the viewer's own page may connect"
        return ''

    def accepts_token(self, given: str) -> bool:
        """Return whether the token is right, in constant time."""
        return not self.token or secrets.compare_digest(
            given.encode(errors='replace'), self.token.encode()
        )

    def _is_own_host(self, host: str) -> bool:
        if not re.fullmatch(r'(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?', host):
            return False
        name = re.sub(r':\d+$', '', host).strip('[]').lower()
        if name in self._names:
            return True
        # DNS rebinding needs a name: a request sent to an IP address was meant for this machine.
        return _is_ip_address(name) if self.token else is_loopback(name)


def make_middleware(
    access: AccessControl, refused: Counter[str], on_request: Callable[[web.Request], None]
) -> Any:
    """Return the aiohttp middleware that all requests pass.

    Args:
        access: accepts or refuses a request.
        refused: counts refused requests by cause.
        on_request: called with every request, refused ones too.

    """

    @web.middleware
    async def check_access(request: web.Request, handler: Handler) -> web.StreamResponse:
        on_request(request)
        error = access.header_error(request.headers)
        if error:
            refused['Host or Origin'] += 1
            return _add_security_headers(web.Response(status=403, text=f'{error}\n'), request)
        given = request.query.get('token', '')
        if not access.accepts_token(given or request.cookies.get(_cookie_name(request), '')):
            refused['token'] += 1
            response = web.Response(status=401, text=f'{_TOKEN_REQUIRED}\n')
            return _add_security_headers(response, request)
        if given and request.path == '/':
            return _move_token_to_cookie(request, access.token)
        return _add_security_headers(await handler(request), request)

    return check_access


def is_loopback(address: str) -> bool:
    """Return whether only this machine can reach an address."""
    return address in _LOCAL_NAMES or (
        _is_ip_address(address) and ipaddress.ip_address(address).is_loopback
    )


def _is_ip_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _move_token_to_cookie(request: web.Request, token: str) -> web.Response:
    """Redirect to an address without the token, which screenshots and the history would show."""
    response = web.Response(status=303, headers={'Location': '/'})
    response.set_cookie(_cookie_name(request), token, httponly=True, samesite='Lax', path='/')
    return response


def _cookie_name(request: web.Request) -> str:
    # Cookies are shared by all ports of a host: two viewers must not overwrite each other's.
    return f'picosam_viewer_{request.url.port}'


def _add_security_headers(response: web.StreamResponse, request: web.Request) -> web.StreamResponse:
    if response.prepared:
        return response
    policy = {
        'default-src': "'none'",
        'script-src': "'self'",
        'style-src': "'self'",
        'img-src': "'self' blob:",
        # Older browsers do not count WebSockets among 'self'.
        'connect-src': f"'self' ws://{request.host} wss://{request.host}",
        'base-uri': "'none'",
        'form-action': "'none'",
        'frame-ancestors': "'none'",
    }
    response.headers['Content-Security-Policy'] = '; '.join(map(' '.join, policy.items()))
    response.headers['X-Content-Type-Options'] = 'nosniff'
    response.headers['Referrer-Policy'] = 'no-referrer'
    response.headers['Cache-Control'] = 'no-cache'
    return response
