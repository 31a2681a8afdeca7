"""The web application of a page: its files, who may ask, and how errors are told."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from aiohttp import web

from picosam_ros.errors import PicosamError
from picosam_ros.label_pages.bodies import LARGEST_BODY, Refused
from picosam_ros.viewer.auth import AccessControl, Handler, make_middleware
from picosam_ros.viewer.connections import Connections
from picosam_ros.viewer.page_files import PAGE, add_page, page_files
from picosam_ros.viewer.web_server import ErrorHandler

# Browsers that are open at the same time.
MAX_CLIENTS = 16

_FOLDER = Path(__file__).parent / 'page'
# Of the viewer's page.
_OF_VIEWER = (
    'canvas.js',
    'controls.css',
    'elements.js',
    'gestures.js',
    'icon.svg',
    'labels.js',
    'masks.js',
    'outline.js',
    'panel.css',
    'pen.js',
    'pole.js',
    'style.css',
    'viewport.js',
)


class PageApplication:
    """Serves the files of a page, and tells errors.

    Args:
        folder: of the page's own files.
        access: accepts or refuses requests.
        failed: what is told, before the error, of what was not expected to be raised.
        on_error: called with that, on the event loop; the application goes on.

    Attributes:
        application: for aiohttp to serve.
        connections: that are open.
        refused: requests and connections, by cause.

    """

    def __init__(
        self,
        folder: Path,
        access: AccessControl,
        *,
        failed: str,
        on_error: ErrorHandler,
    ) -> None:
        self.refused: Counter[str] = Counter()
        self.connections = Connections(self.refused, MAX_CLIENTS)
        self._failed, self._on_error = failed, on_error
        self.application = web.Application(
            middlewares=[
                make_middleware(access, self.refused, self._accepted),
                self._make_error_teller(),
            ],
            client_max_size=LARGEST_BODY,
        )
        shared = [PAGE / name for name in _OF_VIEWER]
        add_page(self.application, [*page_files(folder), *page_files(_FOLDER), *shared])

    def _accepted(self, request: web.Request) -> None:
        self.connections.authorized(request.transport)

    def _make_error_teller(self) -> Any:
        @web.middleware
        async def tell_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
            response = await self._answered(request, handler)
            # Other web pages cannot read what they show; nor are they to show it.
            response.headers['Cross-Origin-Resource-Policy'] = 'same-origin'
            return response

        return tell_errors

    async def _answered(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Return the response, that of an error with its sentence."""
        try:
            return await handler(request)
        except web.HTTPException:
            raise
        except Refused as error:
            return self._refuse(error.status, str(error))
        except PicosamError as error:
            return self._refuse(422, str(error))
        except Exception as error:  # noqa: BLE001 - told to the page and the owner
            self._on_error(error)
            told = f'{self._failed}: {type(error).__name__}: {error}\n'
            return web.Response(status=500, text=told)

    def _refuse(self, status: int, text: str) -> web.Response:
        self.refused['requests'] += 1
        response = web.Response(status=status, text=f'{text}\n')
        if status in (408, 413, 415):  # the body, or its rest, was not read
            response.force_close()
        return response
