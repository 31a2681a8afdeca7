"""What every request passes: who may look, and what the browser may do with the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from picosam_ros.viewer.auth import Admission

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_ASK_FOR_TOKEN = (
    'This viewer can be reached from other machines, so it asks for a token: open the address '
    'that its log shows, with ?token=…'
)


def make_doorway(
    admission: Admission, refused: Counter[str], serve: Callable[[web.Request], None]
) -> Any:
    """Make the middleware; what it refuses is counted by cause, `serve` sees every request."""

    @web.middleware
    async def doorway(request: web.Request, handler: Handler) -> web.StreamResponse:
        serve(request)
        complaint = admission.complaint(request.headers)
        if complaint:
            refused['Host or Origin'] += 1
            return _guarded(web.Response(status=403, text=f'{complaint}\n'), request)
        given = request.query.get('token', '')
        known = given or request.cookies.get(_cookie(request), '')
        if not admission.knows(known):
            refused['token'] += 1
            return _guarded(web.Response(status=401, text=f'{_ASK_FOR_TOKEN}\n'), request)
        if given and request.path == '/':
            return _remember(request, admission.token)
        return _guarded(await handler(request), request)

    return doorway


def _remember(request: web.Request, token: str) -> web.Response:
    """Take the token out of the address, where a screenshot or the history would show it."""
    response = web.Response(status=303, headers={'Location': '/'})
    response.set_cookie(_cookie(request), token, httponly=True, samesite='Lax', path='/')
    return response


def _cookie(request: web.Request) -> str:
    # Cookies are one machine's, whatever the port: two viewers must not share one.
    return f'picosam_viewer_{request.url.port}'


def _guarded(response: web.StreamResponse, request: web.Request) -> web.StreamResponse:
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
