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
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from picosam_ros.errors import ViewerError
from picosam_ros.viewer.connections import address_of
from picosam_ros.viewer.rate_limits import WrongTokens

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LOCAL_NAMES = ('localhost',)
_TOKEN_BYTES = 24
_TOKEN_REQUIRED = (
    'This viewer can be reached from other machines and requires a token: open the address that '
    'its log shows, with ?token=…'
)
_TOO_MANY_TOKENS = (
    'Too many wrong tokens came from there; wait a minute, then open the right address'
)
_UNKNOWN = (
    '{0.method} {0.path} is not served; the page is GET /. A reverse proxy that serves it in a '
    'folder has to leave the folder out of the paths that it passes on'
)
_HOST = re.compile(r'(?P<name>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(:(?P<port>\d{1,5}))?')
_PORT = re.compile(r':\d+$')
_LAST_PORT = 65535
_DEFAULT_PORTS = {'http': 80, 'https': 443}


class AccessControl:
    """Checks the headers and the token of requests.

    Args:
        address: that the server is bound to; one that other machines can reach requires a token.
        public_url: of the page as browsers see it behind a reverse proxy; empty without one. One
            that other machines can reach requires a token, too.

    Attributes:
        token: that a request must carry; empty if none is required.
        wrong_tokens: limits those that are answered.

    Raises:
        ViewerError: `public_url` is not the address of a page.

    """

    def __init__(self, address: str, public_url: str = '') -> None:
        scheme, host = _parse(public_url) if public_url else ('', '')
        local = is_loopback(address) and (not host or is_loopback(_name_of(host)))
        self.token = '' if local else secrets.token_urlsafe(_TOKEN_BYTES)
        self.wrong_tokens = WrongTokens()
        self._public_origin = f'{scheme}://{host}' if host else None
        own = socket.gethostname().lower()
        names = (own, socket.getfqdn().lower(), f'{own}.local') if self.token else ()
        self._names = frozenset((*_LOCAL_NAMES, *names, *([_name_of(host)] if host else ())))

    def header_error(self, headers: Mapping[str, str]) -> str:
        """Return why a request is refused by its `Host` or `Origin`; empty if it is not."""
        for header, host in (('Host', headers.get('Host', '')), *_forwarded(headers)):
            if not self._is_own_host(host):
                names = ', '.join(sorted(self._names))
                return (
                    f'{header} {host!r} is not allowed; open the viewer by an IP address or by '
                    f'one of these names: {names}; behind a reverse proxy, set public_url to the '
                    "page's address there"
                )
        origin = headers.get('Origin')
        if origin is not None and origin not in (self._public_origin, page_origin(headers)):
            return (
                f"Origin {origin!r} is not allowed; only the viewer's own page may connect, and "
                f'this request came to {page_origin(headers)!r}; behind a reverse proxy, let it '
                'send the Host and the scheme that it was asked for (nginx: proxy_set_header Host '
                '$http_host; proxy_set_header X-Forwarded-Proto $scheme;), or set public_url to '
                "the page's address there"
            )
        return ''

    def accepts_token(self, given: str) -> bool:
        """Return whether the token is right, in constant time."""
        return not self.token or secrets.compare_digest(
            given.encode(errors='replace'), self.token.encode()
        )

    def _is_own_host(self, host: str) -> bool:
        match = _HOST.fullmatch(host)
        if not match or int(match['port'] or 0) > _LAST_PORT:
            return False
        name = _name_of(host)
        if name in self._names:
            return True
        # DNS rebinding needs a name: a request sent to an IP address was meant for this machine.
        return _is_ip_address(name) if self.token else is_loopback(name)


def page_origin(headers: Mapping[str, str]) -> str:
    """Return the origin of the page that a request belongs to, as its headers tell.

    A proxy tells in `X-Forwarded-Host` and `X-Forwarded-Proto` what it was asked for. Another web
    page cannot send them: a WebSocket has no headers of the page's choice, and a request that has
    some is preceded by one (OPTIONS) that is refused.
    """
    forwarded = _forwarded(headers)
    host = forwarded[0][1] if forwarded else headers.get('Host', '')
    scheme = headers.get('X-Forwarded-Proto', '').partition(',')[0].strip().lower()
    return f'{scheme if scheme == "https" else "http"}://{host}'


def make_middleware(
    access: AccessControl, refused: Counter[str], on_accept: Callable[[web.Request], None]
) -> Any:
    """Return the aiohttp middleware that all requests pass.

    Args:
        access: accepts or refuses a request.
        refused: counts refused requests by cause.
        on_accept: called with every request that is not refused.

    """

    def refuse(request: web.Request, cause: str, status: int, text: str) -> web.StreamResponse:
        refused[cause] += 1
        response = web.Response(status=status, text=f'{text}\n')
        response.force_close()
        return _add_security_headers(response, request)

    @web.middleware
    async def check_access(request: web.Request, handler: Handler) -> web.StreamResponse:
        error = access.header_error(request.headers)
        if error:
            return refuse(request, 'Host or Origin', 403, error)
        given = request.query.get('token', '')
        shown = given or request.cookies.get(_cookie_name(request), '')
        if not access.accepts_token(shown):
            # The right one is always accepted, or anybody could lock the user out; it has more
            # bits than can be guessed at any rate.
            if shown and not access.wrong_tokens.allow(address_of(_peer(request))):
                return refuse(request, 'token (too many wrong ones)', 429, _TOO_MANY_TOKENS)
            return refuse(request, 'token', 401, _TOKEN_REQUIRED)
        on_accept(request)
        if given and request.path == '/':
            return _move_token_to_cookie(request, access.token)
        try:
            return _add_security_headers(await handler(request), request)
        except web.HTTPException as unknown:  # no such path, or no such method
            return refuse(request, 'unknown paths', unknown.status, _UNKNOWN.format(request))

    return check_access


def is_on_loopback(request: web.Request) -> bool:
    """Return whether the browser seems to be on this machine, as it does through SSH, too."""
    asked = urlsplit(page_origin(request.headers)).hostname or ''
    return is_loopback(request.remote or '') and is_loopback(asked)


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


def _parse(public_url: str) -> tuple[str, str]:
    """Return scheme and host, with a port if there is one."""
    try:
        parts = urlsplit(public_url)
        valid = parts.scheme in _DEFAULT_PORTS and _HOST.fullmatch(parts.netloc) is not None
        valid = valid and not (parts.query or parts.fragment)
        port = parts.port
    except ValueError:  # a port out of range, half an IPv6 address
        valid = False
    if not valid:
        raise ViewerError(
            f"public_url {public_url!r} was given; give the page's address as browsers see it, "
            'like https://robot.example/viewer/'
        )
    host = parts.netloc.lower()
    # Browsers leave the default port out of an Origin.
    return parts.scheme, _PORT.sub('', host) if port == _DEFAULT_PORTS[parts.scheme] else host


def _forwarded(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what a chain of proxies was asked for, the outermost first."""
    hosts = headers.get('X-Forwarded-Host', '')
    return [('X-Forwarded-Host', host.strip()) for host in hosts.split(',')] if hosts else []


def _name_of(host: str) -> str:
    return _PORT.sub('', host).strip('[]').lower()


def _peer(request: web.Request) -> object:
    return request.transport.get_extra_info('peername') if request.transport else None


def _move_token_to_cookie(request: web.Request, token: str) -> web.Response:
    """Redirect to an address without the token, which screenshots and the history would show."""
    rest = {name: value for name, value in request.query.items() if name != 'token'}
    # Relative, and for this folder: a proxy may serve the page in one, and others beside it.
    address = f'./?{urlencode(rest, safe="/")}' if rest else './'
    response = web.Response(status=303, headers={'Location': address})
    secure = page_origin(request.headers).startswith('https:')
    response.set_cookie(
        _cookie_name(request), token, httponly=True, samesite='Lax', path='', secure=secure
    )
    return response


def _cookie_name(request: web.Request) -> str:
    # Cookies are shared by all ports of a host: two viewers must not overwrite each other's.
    port = _PORT.search(page_origin(request.headers).partition('://')[2])
    return f'picosam_viewer_{port[0][1:] if port else 80}'


def _add_security_headers(response: web.StreamResponse, request: web.Request) -> web.StreamResponse:
    if response.prepared:
        return response
    host = page_origin(request.headers).partition('://')[2]
    sockets = f'ws://{host} wss://{host}' if _HOST.fullmatch(host) else ''
    policy = {
        'default-src': "'none'",
        'script-src': "'self'",
        'style-src': "'self'",
        'img-src': "'self' blob:",
        # Older browsers do not count WebSockets among 'self'.
        'connect-src': f"'self' {sockets}",
        'base-uri': "'none'",
        'form-action': "'none'",
        'frame-ancestors': "'none'",
    }
    response.headers['Content-Security-Policy'] = '; '.join(map(' '.join, policy.items()))
    response.headers['X-Content-Type-Options'] = 'nosniff'
    response.headers['Referrer-Policy'] = 'no-referrer'
    response.headers['Cache-Control'] = 'no-cache'
    return response
