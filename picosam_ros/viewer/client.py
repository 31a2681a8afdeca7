"""One browser: what waits for it, and the loop that sends it."""

from __future__ import annotations

import asyncio
from collections import deque

from aiohttp import web

from picosam_ros.errors import PicosamError
from picosam_ros.viewer import protocol
from picosam_ros.viewer.allowance import Allowance
from picosam_ros.viewer.encoding import Encoder
from picosam_ros.viewer.flow_control import Link
from picosam_ros.viewer.frames import Scene

# Answers are never replaced by newer ones; a client that leaves so many lie is gone.
MAX_ANSWERS = 1000


class Client:
    """Holds at most one scene, one text of each kind and some answers for a browser.

    Nothing of it grows: newer scenes and texts replace those that wait, and a client that is
    slow just gets fewer.

    Attributes:
        allowance: how many messages it may send.
        link: how well it is connected.
        overrun: whether so many answers wait that it cannot be alive.

    """

    def __init__(self, socket: web.WebSocketResponse, encoder: Encoder) -> None:
        self.allowance = Allowance()
        self.link = Link()
        self.overrun = False
        self._socket = socket
        self._encoder = encoder
        self._scene: Scene | None = None
        self._newest: dict[str, str] = {}
        self._answers: deque[str] = deque()
        self._wake = asyncio.Event()

    def show(self, scene: Scene) -> None:
        """Offer a scene; it replaces one that waits."""
        self._scene = scene
        self._wake.set()

    def tell(self, kind: str, text: str) -> None:
        """Offer a text; it replaces one of its kind that waits."""
        self._newest[kind] = text
        self._wake.set()

    def answer(self, text: str) -> None:
        """Offer a text that must arrive."""
        if len(self._answers) < MAX_ANSWERS:
            self._answers.append(text)
        else:
            self.overrun = True
        self._wake.set()

    def acknowledge(self, number: int, *, held: bool) -> None:
        """The browser has drawn a scene; see Link."""
        if self.link.acknowledge(number, held=held):
            self._wake.set()

    def describe_link(self, clients: int) -> None:
        """Tell the browser how well it is connected, and how many others look."""
        level = self.link.level
        text = protocol.link(
            round_trip_s=self.link.round_trip_s,
            side=level.side,
            quality=level.quality,
            clients=clients,
        )
        self.tell('link', text)

    async def send(self) -> None:
        """Send what waits, until the connection ends."""
        while not self._socket.closed:
            await self._wake.wait()
            self._wake.clear()
            while self._answers:
                await self._socket.send_str(self._answers.popleft())
            while self._newest:
                _, text = self._newest.popitem()
                await self._socket.send_str(text)
            if self._scene is not None and self.link.free:
                await self._send_scene()

    async def _send_scene(self) -> None:
        scene, self._scene = self._scene, None
        assert scene is not None
        try:
            message = await self._encoder.message(scene, self.link.level)
        except PicosamError as error:  # an encoding that nobody can convert
            self.tell('notice', protocol.notice(str(error)))
            return
        self.link.sending(scene.number)
        await self._socket.send_bytes(message)
