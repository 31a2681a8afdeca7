"""The web application: the page, pictures that it sends, and a WebSocket for each browser."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeGuard

from aiohttp import WSCloseCode, WSMsgType, hdrs, web

from picosam_ros.errors import ViewerError
from picosam_ros.viewer.auth import AccessControl, is_on_loopback, make_middleware
from picosam_ros.viewer.cameras import Cameras
from picosam_ros.viewer.client import Client
from picosam_ros.viewer.connections import Connections
from picosam_ros.viewer.frames import LEAST_ON_LOOPBACK, JpegEncoder
from picosam_ros.viewer.hub import Hub
from picosam_ros.viewer.page_files import PAGE, add_page, page_files
from picosam_ros.viewer.parsing import MAX_MESSAGE_BYTES
from picosam_ros.viewer.recording import RecordingDownload
from picosam_ros.viewer.upload import Upload
from picosam_ros.viewer.web_server import ErrorHandler, repeat

# A client that does not answer a ping within half of it is disconnected.
HEARTBEAT_S = 10.0
CLOSE_TIMEOUT_S = 1.0
TICK_S = 0.25

# What a browser shows when its connection is closed after an error of the viewer.
FAILED = b'the viewer failed on this connection; its log has the error'


class Site:
    """Serves the page, and connects browsers with cameras; to be used from one event loop.

    Args:
        cameras: have the hubs that get the clients.
        access: accepts or refuses requests.
        max_clients: further ones are refused.
        on_error: called with what was not expected to be raised, on the event loop; the site goes
            on, at most without the client whose message raised it.

    Attributes:
        application: for aiohttp to serve.
        encoder: shared by all clients.
        connections: that are open.
        upload: takes pictures.
        refused: requests, messages and connections, by cause.

    """

    def __init__(
        self, cameras: Cameras, access: AccessControl, *, max_clients: int, on_error: ErrorHandler
    ) -> None:
        self.encoder = JpegEncoder(on_error)
        self.refused: Counter[str] = cameras.refused
        self.connections = Connections(self.refused, max_clients)
        self._cameras = cameras
        self._max_clients = max_clients
        self._on_error = on_error
        self._recordings = RecordingDownload(cameras, self.refused)
        self._sockets: set[web.WebSocketResponse] = set()
        middleware = make_middleware(access, self.refused, self._accepted)
        self.application = web.Application(middlewares=[middleware])
        add_page(self.application, page_files(PAGE))
        self.application.router.add_get('/socket', self._connect)
        # No GET: other web pages could let the browser send one.
        self.application.router.add_post('/recording', self._recordings.serve)
        self.upload = Upload(cameras, self.refused)
        self.application.router.add_post('/picture', self.upload.take)
        self.application.cleanup_ctx.append(self._run_ticks)
        self.application.on_shutdown.append(self._close_connections)

    def _accepted(self, request: web.Request) -> None:
        self.connections.authorized(request.transport)

    async def _run_ticks(self, _: web.Application) -> AsyncIterator[None]:
        """Tick while the application runs; close the encoder afterwards."""
        ticking = asyncio.create_task(repeat(self._cameras.tick, TICK_S, self._on_error))
        yield
        ticking.cancel()
        self.encoder.close()

    async def _close_connections(self, _: web.Application) -> None:
        self._recordings.close()
        self.upload.close()
        closing = [
            socket.close(code=WSCloseCode.GOING_AWAY, message=b'the viewer was stopped')
            for socket in self._sockets
        ]
        for result in await asyncio.gather(*closing, return_exceptions=True):
            if _unexpected(result):
                self._on_error(result)

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        if len(self._cameras) >= self._max_clients:
            self.refused['too many clients'] += 1
            error = f'{self._max_clients} browsers are connected, the limit is max_clients\n'
            return web.Response(status=503, text=error)
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_S,
            max_msg_size=MAX_MESSAGE_BYTES,
            compress=False,
            timeout=CLOSE_TIMEOUT_S,
        )
        if not _is_upgrade(socket, request):
            # The page asks so for the reason of a refusal; a wrong upgrade is another matter.
            if 'Upgrade' in request.headers:
                self.refused['malformed requests'] += 1
            return web.Response(status=400, text='not a WebSocket request\n')
        await socket.prepare(request)
        try:
            hub = self._cameras.find(request.query.get('camera', ''))
        except ViewerError as error:
            self.refused['unknown cameras'] += 1
            # Before it is closed, so that the page can offer those that are there.
            await socket.send_str(self._cameras.message())
            # A reason has 123 bytes at most.
            reason = str(error).encode('ascii', 'backslashreplace')[:123]
            await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=reason)
            return socket
        least = LEAST_ON_LOOPBACK if is_on_loopback(request) else 0
        client = Client(socket, self.encoder, hub.sent, least)
        self._sockets.add(socket)
        try:
            await self._serve(hub, client, socket)
        except Exception as error:  # noqa: BLE001 - told to the browser and the owner
            self._on_error(error)
            await socket.close(code=WSCloseCode.INTERNAL_ERROR, message=FAILED)
        finally:
            self._sockets.discard(socket)
            if request.transport is not None:
                # Unsent data would keep a dead connection open.
                loop = asyncio.get_running_loop()
                loop.call_later(CLOSE_TIMEOUT_S, request.transport.abort)
        return socket

    async def _serve(self, hub: Hub, client: Client, socket: web.WebSocketResponse) -> None:
        try:
            self._cameras.connect(hub, client)
            await _run_both(client.send(), self._receive(hub, client, socket))
        finally:
            self._cameras.disconnect(hub, client)

    async def _receive(self, hub: Hub, client: Client, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                hub.handle(client, message.data)
            elif message.type == WSMsgType.ERROR:
                self._count_error(message.data)
            else:
                hub.refuse(client, 'message is binary; send JSON as text')
            if client.misuse:
                self.refused['disconnected clients'] += 1
                reason = client.misuse.encode()
                await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=reason)
            # Lets the sending task run, also while messages arrive without a pause.
            await asyncio.sleep(0)

    def _count_error(self, error: object) -> None:
        oversized = getattr(error, 'code', 0) == WSCloseCode.MESSAGE_TOO_BIG
        self.refused['oversized messages' if oversized else 'broken connections'] += 1


def _is_upgrade(socket: web.WebSocketResponse, request: web.Request) -> bool:
    if hdrs.SEC_WEBSOCKET_PROTOCOL in request.headers:
        return False  # there is none; aiohttp would print what was asked for
    try:
        return socket.can_prepare(request).ok
    except ValueError:  # a key that is no ASCII
        return False


async def _run_both(send: Coroutine[Any, Any, None], receive: Coroutine[Any, Any, None]) -> None:
    """Run both until one of them fails or receiving ends.

    Exceptions are raised again, unless the connection was lost. A closing socket sends nothing any
    more, but must still be read until the close handshake is complete.
    """
    sending, receiving = asyncio.create_task(send), asyncio.create_task(receive)
    try:
        await asyncio.wait((sending, receiving), return_when=asyncio.FIRST_COMPLETED)
        if sending.done() and isinstance(sending.exception(), ConnectionError | None):
            await asyncio.wait((receiving,))
    finally:
        for task in (sending, receiving):
            task.cancel()
        results = await asyncio.gather(sending, receiving, return_exceptions=True)
    for result in results:
        if _unexpected(result):
            raise result


def _unexpected(result: object) -> TypeGuard[Exception]:
    return isinstance(result, Exception) and not isinstance(result, ConnectionError)
