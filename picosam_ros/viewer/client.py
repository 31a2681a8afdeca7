"""One connected browser: what is queued for it, and the loop that sends it."""

from __future__ import annotations

import asyncio
from collections import deque

from aiohttp import web

from picosam_ros.errors import PicosamError
from picosam_ros.viewer import protocol
from picosam_ros.viewer.encoding import JpegEncoder
from picosam_ros.viewer.flow_control import FlowControl
from picosam_ros.viewer.frames import ViewerFrame
from picosam_ros.viewer.limits import RateLimiter

# Answers are never replaced by newer ones; a client that does not read so many is disconnected.
MAX_ANSWERS = 1000


class Client:
    """Queues at most one frame, one text of each kind and `MAX_ANSWERS` answers for a browser.

    Newer frames and texts replace those that wait: a slow client gets fewer of them.

    Attributes:
        rate_limiter: of its messages.
        flow_control: of the frames that are sent to it.
        overflowed: whether more than `MAX_ANSWERS` answers wait.

    """

    def __init__(self, socket: web.WebSocketResponse, encoder: JpegEncoder) -> None:
        self.rate_limiter = RateLimiter()
        self.flow_control = FlowControl()
        self.overflowed = False
        self._socket = socket
        self._encoder = encoder
        self._frame: ViewerFrame | None = None
        self._texts: dict[str, str] = {}
        self._answers: deque[str] = deque()
        self._wake = asyncio.Event()

    def set_frame(self, frame: ViewerFrame) -> None:
        """Queue a frame; it replaces the one that waits."""
        self._frame = frame
        self._wake.set()

    def set_text(self, kind: str, text: str) -> None:
        """Queue a text; it replaces one of the same kind that waits."""
        self._texts[kind] = text
        self._wake.set()

    def enqueue(self, text: str) -> None:
        """Queue a text that must arrive."""
        if len(self._answers) < MAX_ANSWERS:
            self._answers.append(text)
        else:
            self.overflowed = True
        self._wake.set()

    def acknowledge(self, number: int, *, held: bool) -> None:
        """Handle the acknowledgement of a frame; see FlowControl."""
        if self.flow_control.acknowledge(number, held=held):
            self._wake.set()

    def report_link(self, clients: int) -> None:
        """Queue the state of the connection, and how many browsers are connected."""
        level = self.flow_control.level
        text = protocol.link(
            round_trip_s=self.flow_control.round_trip_s,
            side=level.side,
            quality=level.quality,
            clients=clients,
        )
        self.set_text('link', text)

    async def send(self) -> None:
        """Send what is queued, until the connection ends."""
        while not self._socket.closed:
            await self._wake.wait()
            self._wake.clear()
            while self._answers:
                await self._socket.send_str(self._answers.popleft())
            while self._texts:
                _, text = self._texts.popitem()
                await self._socket.send_str(text)
            if self._frame is not None and self.flow_control.ready:
                await self._send_frame()

    async def _send_frame(self) -> None:
        frame, self._frame = self._frame, None
        assert frame is not None
        try:
            message = await self._encoder.encode(frame, self.flow_control.level)
        except PicosamError as error:  # an image encoding that cannot be converted
            self.set_text('notice', protocol.notice(str(error)))
            return
        self.flow_control.sent(frame.number)
        await self._socket.send_bytes(message)
