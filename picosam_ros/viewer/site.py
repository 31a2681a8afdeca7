"""The web application: the page, and a WebSocket for each browser that has it open."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from picosam_ros.viewer.auth import Admission
from picosam_ros.viewer.client import Client
from picosam_ros.viewer.doorway import Handler, make_doorway
from picosam_ros.viewer.encoding import Encoder
from picosam_ros.viewer.hub import Hub
from picosam_ros.viewer.limits import Sweeper
from picosam_ros.viewer.page import File, read_page
from picosam_ros.viewer.protocol import MAX_MESSAGE_BYTES

Work = Coroutine[Any, Any, None]

# A client that does not answer a ping within half of it is gone.
HEARTBEAT_S = 10.0
GOODBYE_S = 1.0
TICK_S = 0.25


class Site:
    """Serves the page to browsers, and connects them with an audience.

    All of it lives on one event loop.

    Args:
        audience: gets the clients.
        admission: judges requests.
        max_clients: further ones are refused.

    Attributes:
        application: for aiohttp to serve.
        encoder: of all clients.
        sweeper: of the connections.
        refused: requests, messages and clients, by cause.

    """

    def __init__(self, audience: Hub, admission: Admission, *, max_clients: int) -> None:
        self.encoder = Encoder()
        self.refused: Counter[str] = audience.refused
        self._audience = audience
        self._max_clients = max_clients
        self._sockets: set[web.WebSocketResponse] = set()
        self.sweeper = Sweeper(self.refused)
        doorway = make_doorway(admission, self.refused, self.sweeper.serve)
        self.application = web.Application(middlewares=[doorway])
        for path, file in read_page().items():
            self.application.router.add_get(path, _serving(file))
        self.application.router.add_get('/socket', self._connect)
        self.application.cleanup_ctx.append(self._live)
        self.application.on_shutdown.append(self._say_goodbye)

    async def _live(self, _: web.Application) -> AsyncIterator[None]:
        """Tick while the application runs, and end the encoder then."""
        ticking = asyncio.create_task(self._tick())
        yield
        ticking.cancel()
        self.encoder.close()

    async def _say_goodbye(self, _: web.Application) -> None:
        ends = [
            socket.close(code=WSCloseCode.GOING_AWAY, message=b'the viewer ends')
            for socket in self._sockets
        ]
        await asyncio.gather(*ends, return_exceptions=True)

    async def _tick(self) -> None:
        while True:
            self._audience.tick()
            await asyncio.sleep(TICK_S)

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        if len(self._audience) >= self._max_clients:
            self.refused['clients too many'] += 1
            sentence = f'{self._max_clients} browsers look already (parameter max_clients)\n'
            return web.Response(status=503, text=sentence)
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_S, max_msg_size=MAX_MESSAGE_BYTES, compress=False, timeout=GOODBYE_S
        )
        if not socket.can_prepare(request).ok:
            return web.Response(status=400, text='this address speaks WebSocket only\n')
        await socket.prepare(request)
        client = Client(socket, self.encoder)
        self._sockets.add(socket)
        self._audience.enter(client)
        try:
            await _until_the_end(client.send(), self._listen(client, socket))
        finally:
            self._audience.leave(client)
            self._sockets.discard(socket)
            if request.transport is not None:
                # What still waits to be sent would keep a dead connection open.
                loop = asyncio.get_running_loop()
                loop.call_later(GOODBYE_S, request.transport.abort)
        return socket

    async def _listen(self, client: Client, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                self._audience.take(client, message.data)
            elif message.type == WSMsgType.ERROR:
                self._count(message.data)
            else:
                self._audience.refuse(client, 'messages malformed', 'binary was given; send JSON')
            if client.allowance.exhausted or client.overrun:
                self.refused['clients sent away'] += 1
                reason = client.allowance.complaint.encode()
                await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=reason)
            # What is told gets out, also while messages come faster than they are read.
            await asyncio.sleep(0)

    def _count(self, error: object) -> None:
        too_large = getattr(error, 'code', 0) == WSCloseCode.MESSAGE_TOO_BIG
        self.refused['messages too large' if too_large else 'connections broken'] += 1


async def _until_the_end(send: Work, listen: Work) -> None:
    """Run both until either fails, or nobody is there to be listened to.

    What was raised is raised, unless the connection was lost. Nothing can be sent any more as soon
    as the socket is being closed: the listener is left to say goodbye to the end.
    """
    sending, listening = asyncio.create_task(send), asyncio.create_task(listen)
    try:
        await asyncio.wait((sending, listening), return_when=asyncio.FIRST_COMPLETED)
        if sending.done() and isinstance(sending.exception(), ConnectionError | None):
            await asyncio.wait((listening,))
    finally:
        for task in (sending, listening):
            task.cancel()
        results = await asyncio.gather(sending, listening, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, ConnectionError):
            raise result


def _serving(file: File) -> Handler:
    async def serve(_: web.Request) -> web.StreamResponse:
        return web.Response(body=file.body, content_type=file.content_type, charset='utf-8')

    return serve
