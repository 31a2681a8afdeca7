"""A web server in a thread of its own; all its methods may be called from any thread."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar

from aiohttp import web

from picosam_ros.errors import ViewerError
from picosam_ros.viewer.accept import accept
from picosam_ros.viewer.auth import AccessControl
from picosam_ros.viewer.connections import Connections
from picosam_ros.viewer.http_errors import HttpErrors, make_logger

_LOGGER = logging.getLogger(__name__)

# Ports that are tried after one that is in use.
PORTS = 50

IDLE_CHECK_S = 1.0


ErrorHandler = Callable[[Exception], None]


class WebSite(Protocol):
    """What is served; made, and used, for one event loop.

    Attributes:
        application: for aiohttp to serve; its middleware is that of auth.make_middleware.
        connections: that are open.
        refused: counts requests and connections by cause.

    """

    application: web.Application
    connections: Connections
    refused: Counter[str]


SiteType = TypeVar('SiteType', bound=WebSite)


class WebServer(Generic[SiteType]):
    """Serves a site on an address, from `start` to `stop`.

    Args:
        make_site: makes the site of its access control, and of a handler of errors that nobody
            else gets, to be called on the event loop.
        address: to bind; one that other machines can reach requires a token.
        port: to bind; if it is in use, the next free one; 0 for any free port.
        public_url: see AccessControl.
        on_error: called, in the server's thread, with what was not expected to be raised there;
            by default it is logged. The server goes on, unless there is a `fault`.

    Attributes:
        fault: why it serves no longer, as a sentence; empty unless an error ended it.
        site: the web application.
        token: that a request must carry; empty if none is required.
        port: that was bound.

    """

    def __init__(
        self,
        make_site: Callable[[AccessControl, ErrorHandler], SiteType],
        *,
        address: str = '127.0.0.1',
        port: int = 8080,
        public_url: str = '',
        on_error: ErrorHandler | None = None,
    ) -> None:
        self.fault = ''
        self._on_error = on_error or self._log
        self._logged = ''
        access = AccessControl(address, public_url)
        self.token = access.token
        self.site = make_site(access, self._failed)
        self.port = port
        self._address = address
        self._public_url = public_url
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._on_loop_error)
        self._thread = threading.Thread(target=self._run, name='picosam_web', daemon=True)
        # Set once it serves, or has ended before.
        self._started = threading.Event()
        self._stopping = asyncio.Event()
        self._listening: socket.socket | None = None
        self._open = 0

    @property
    def url(self) -> str:
        """The page's address, `public_url` or that on this machine, without the token."""
        if self._public_url:
            return f'{self._public_url.rstrip("/")}/'
        everywhere = self._address in ('0.0.0.0', '::')
        host = '127.0.0.1' if everywhere else self._address
        return f'http://[{host}]:{self.port}/' if ':' in host else f'http://{host}:{self.port}/'

    @property
    def link(self) -> str:
        """The page's address, with the token if one is required."""
        return f'{self.url}?token={self.token}' if self.token else self.url

    def start(self) -> None:
        """Bind the address and start to serve.

        Raises:
            ViewerError: the address cannot be bound, or the server ended at once.

        """
        try:
            self._listening = self._bind()
        except ViewerError:
            self.stop()
            raise
        self.port = self._listening.getsockname()[1]
        self._thread.start()
        self._started.wait()
        if self.fault:
            raise ViewerError(self.fault)

    def stop(self) -> None:
        """Close all connections, and wait until the thread has ended, if it was started."""
        if self._thread.is_alive():
            self.call(self._stopping.set)
            self._thread.join()
        self._loop.close()

    def call(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call a function soon on the event loop; a stopped server ignores it."""
        with suppress(RuntimeError):  # the loop was closed
            self._loop.call_soon_threadsafe(function, *arguments)

    def _bind(self) -> socket.socket:
        last = min(self.port + PORTS, 65535) if self.port else 0
        for port in range(self.port, last + 1):
            try:
                return _listen(self._address, port)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise ViewerError(
                        f'address {self._address!r}, port {port} cannot be bound: '
                        f'{error.strerror or error}; use an address of this machine, 0.0.0.0 for '
                        'all of them, and a port above 1023'
                    ) from error
        raise ViewerError(f'ports {self.port} to {last} are all in use; choose another port')

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except Exception as error:  # noqa: BLE001 - a fault: nobody sees a thread end
            self.fault = f'the web server ended: {type(error).__name__}: {error}'
            self._failed(error)
        finally:
            if self._listening is not None:
                self._listening.close()
            self._loop.close()
            self._started.set()

    async def _serve(self) -> None:
        errors = HttpErrors(self.site.refused, self._failed)
        runner = web.AppRunner(
            self.site.application,
            handle_signals=False,
            access_log=None,
            logger=make_logger(errors),
            keepalive_timeout=15.0,
        )
        assert self._listening is not None
        try:
            await runner.setup()
            assert runner.server is not None
            accepting = asyncio.create_task(
                accept(self._listening, runner.server, self.site.connections, self._failed)
            )
            accepting.add_done_callback(lambda _: self._stopping.set())
            closing_idle = asyncio.create_task(repeat(self._close_idle, IDLE_CHECK_S, self._failed))
            self._started.set()
            await self._stopping.wait()
            closing_idle.cancel()
            if accepting.done():
                accepting.result()  # raises: it ends in no other way
            accepting.cancel()
            await asyncio.wait((accepting,))
        finally:
            self._listening.close()
            await runner.cleanup()

    def _close_idle(self) -> None:
        self.site.connections.close_idle()
        self._open = len(self.site.connections)

    def _on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get('exception')
        if isinstance(error, ConnectionError | TimeoutError):
            self.site.refused['broken connections'] += 1
        elif isinstance(error, Exception):
            self._failed(error)
        else:
            loop.default_exception_handler(context)

    def _failed(self, error: Exception) -> None:
        self.site.refused['failure'] += 1
        try:
            self._on_error(error)
        except Exception:
            _LOGGER.exception('the viewer could not report %r', error)

    def _log(self, error: Exception) -> None:
        """Log an error, not again while it repeats: an image may fail thirty times a second."""
        previous, self._logged = self._logged, f'{type(error).__name__}: {error}'
        if self._logged != previous:
            _LOGGER.error(self._logged, exc_info=error)


async def repeat(function: Callable[[], None], period_s: float, on_error: ErrorHandler) -> None:
    """Call a function again and again until cancelled; what it raises goes to `on_error`."""
    while True:
        try:
            function()
        except Exception as error:  # noqa: BLE001 - nobody awaits this task
            on_error(error)
        await asyncio.sleep(period_s)


def _listen(address: str, port: int) -> socket.socket:
    family, kind, protocol, _, name = socket.getaddrinfo(
        address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listening = socket.socket(family, kind, protocol)
    try:
        # Else the port of a viewer that has just ended would count as in use.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(name)
        listening.listen(64)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening
