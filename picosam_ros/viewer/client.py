"""One connected browser: what is queued for it, how fast it may be sent, how much it may send."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable

from aiohttp import web

from picosam_ros.errors import PicosamError
from picosam_ros.viewer import messages
from picosam_ros.viewer.frames import LEVELS, JpegEncoder, Level, ViewerFrame
from picosam_ros.viewer.rate_limits import RateLimiter

# Answers are never replaced by newer ones; a client that does not read so many is disconnected.
MAX_ANSWERS = 1000

# Of one browser, at full size; further ones are refused.
MAX_FULL = 4
# Frames sent and not acknowledged yet: the second keeps the link busy while the acknowledgement of
# the first is on its way.
MAX_IN_FLIGHT = 2
FIRST_LEVEL = 3
# Round trips above which the level falls, and below which it may rise.
SLOW_S, FAST_S = 0.20, 0.08
# Consecutive fast round trips before the level rises.
FAST_COUNT = 60
_SMOOTHING = 0.2


class Client:
    """Queues at most one frame, one text of each kind and `MAX_ANSWERS` answers for a browser.

    Newer frames and texts replace those that wait: a slow client gets fewer of them.

    Args:
        socket: of the browser.
        encoder: shared by all clients.
        on_sent: called with a frame that is about to be sent, its message, and the level of that.
        least_level: index in LEVELS of the lowest one that it is sent, see FlowControl.

    Attributes:
        rate_limiter: of its messages.
        flow_control: of the frames that are sent to it.
        overflowed: whether more than `MAX_ANSWERS` answers wait.

    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        encoder: JpegEncoder,
        on_sent: Callable[[ViewerFrame, bytes, Level], None],
        least_level: int = 0,
    ) -> None:
        self.rate_limiter = RateLimiter()
        self.flow_control = FlowControl(least=least_level)
        self.overflowed = False
        self._socket = socket
        self._encoder = encoder
        self._on_sent = on_sent
        # By number: the frame that the browser shows, and those on their way to it.
        self._shown: dict[int, ViewerFrame] = {}
        self._frame: ViewerFrame | None = None
        self._full: deque[ViewerFrame] = deque()
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
            self._shown = {sent: one for sent, one in self._shown.items() if sent >= number}
            self._wake.set()

    def request_full(self, number: int) -> None:
        """Queue a frame that the browser shows at full size; see `refuse_full`."""
        frame = self._shown.get(number)
        if frame is None or len(self._full) >= MAX_FULL:
            self.refuse_full(number)
        else:
            self._full.append(frame)
            self._wake.set()

    def refuse_full(self, number: int) -> None:
        """Queue the answer that a frame is not to be had at full size."""
        self.enqueue(messages.gone(number))

    @property
    def shown_stamps(self) -> tuple[int, ...]:
        """Stamps of the images that the browser shows, or is about to; it may click into them."""
        return tuple(frame.stamp_ns for frame in self._shown.values())

    def report_link(self, clients: int) -> None:
        """Queue the state of the connection, and how many browsers are connected."""
        level = self.flow_control.level
        text = messages.link(
            round_trip_s=self.flow_control.round_trip_s,
            side=level.side,
            quality=level.quality,
            clients=clients,
        )
        self.set_text('link', text)

    @property
    def misuse(self) -> str:
        """Why this client is to be disconnected; empty if it is not."""
        if self.overflowed:
            return f'{MAX_ANSWERS} answers were not read; read what the server sends'
        return self.rate_limiter.message if self.rate_limiter.exceeded else ''

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
            while self._full:
                await self._send_full(self._full.popleft())
            if self._frame is not None and self.flow_control.ready:
                await self._send_frame()

    async def _send_full(self, frame: ViewerFrame) -> None:
        message = await self._encoded(frame, self._encoder.encode_full(frame))
        if message is None:
            self.refuse_full(frame.number)
        else:
            await self._socket.send_bytes(message)

    async def _send_frame(self) -> None:
        frame, self._frame = self._frame, None
        assert frame is not None
        level = self.flow_control.level
        encoding = self._encoder.encode(frame, level)
        message = await self._encoded(frame, encoding)
        if message is None:
            return
        self.flow_control.sent(frame.number)
        self._shown[frame.number] = frame
        self._on_sent(frame, message, level)
        await self._socket.send_bytes(message)

    async def _encoded(self, frame: ViewerFrame, encoding: Awaitable[bytes]) -> bytes | None:
        """Return the message of a frame; None, and a notice to the browser, if there is none."""
        try:
            return await encoding
        except PicosamError as error:  # an image encoding that cannot be converted
            self.set_text('notice', messages.notice(str(error)))
        except Exception as error:  # noqa: BLE001 - the encoder reports it; other images may do
            sentence = f'image {frame.number} cannot be shown: {type(error).__name__}: {error}'
            self.set_text('notice', messages.notice(sentence))
        return None


class FlowControl:
    """Chooses the level of one client's images, and when the next one may be sent.

    A link that is slow gets smaller images, down to `least`, and then fewer of them: none is sent
    while MAX_IN_FLIGHT are on their way.

    Args:
        clock: steady, in seconds.
        least: index in LEVELS of the lowest one.

    Attributes:
        acknowledged: number of frames that the client has drawn.
        round_trip_s: from sending to acknowledgement, smoothed; NaN before the first.

    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, least: int = 0) -> None:
        self.acknowledged = 0
        self.round_trip_s = math.nan
        self._clock = clock
        self._index = FIRST_LEVEL
        self._least = least
        self._in_flight: dict[int, float] = {}
        self._fast = 0
        self._ignored = 0

    @property
    def level(self) -> Level:
        """Size and quality of the next image."""
        return LEVELS[self._index]

    @property
    def ready(self) -> bool:
        """Whether another frame may be sent."""
        return len(self._in_flight) < MAX_IN_FLIGHT

    def sent(self, number: int) -> None:
        """Note that a frame is sent."""
        self._in_flight[number] = self._clock()

    def acknowledge(self, number: int, *, held: bool = False) -> bool:
        """Note that the client has drawn a frame; return whether it was in flight.

        If the user `held` it (page frozen or hidden), its time is not one of the link.
        """
        if number not in self._in_flight:
            return False
        took = self._clock() - self._in_flight[number]
        # Frames sent before it were drawn before it, or replaced.
        self._in_flight = {sent: at for sent, at in self._in_flight.items() if sent > number}
        self.acknowledged += 1
        if held:
            return True
        previous = self.round_trip_s if not math.isnan(self.round_trip_s) else took
        self.round_trip_s = previous + _SMOOTHING * (took - previous)
        self._adapt(took)
        return True

    def _adapt(self, took: float) -> None:
        if self._ignored:
            # It was sent at the level before the last change.
            self._ignored -= 1
        elif took > SLOW_S and self._index > self._least:
            self._change_level(-1)
        elif took < FAST_S:
            self._fast += 1
            if self._fast >= FAST_COUNT and self._index < len(LEVELS) - 1:
                self._change_level(+1)
        else:
            self._fast = 0

    def _change_level(self, step: int) -> None:
        self._index += step
        self._fast = 0
        self._ignored = len(self._in_flight)
