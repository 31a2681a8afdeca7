"""A running viewer server, a backend that records its calls, and WebSocket clients."""

import asyncio
import functools
import json
import struct
import threading
from contextlib import asynccontextmanager

import aiohttp
import numpy as np

from picosam_ros.roi import Roi
from picosam_ros.viewer.frames import ViewerFrame, ViewerMask
from picosam_ros.viewer.hub import Hub
from picosam_ros.viewer.server import Server

# Reached only where a test fails.
PATIENCE = 60.0
WIDTH, HEIGHT = 320, 240
# Of show_a_mask_to_browsers.
OBJECT = 2


def on_a_loop(test):
    """Run an async test on an event loop of its own, and not for ever."""

    @functools.wraps(test)
    def run(*args, **kwargs):
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), PATIENCE))

    return run


class RecordingBackend:
    """Records the calls of the hub."""

    def __init__(self):
        self.prompts = []
        self.previews = []
        self.removed = []
        self.cleared = 0
        self.streaming = []
        self.kept = []
        self.changed = threading.Event()

    def send_prompt(self, request):
        self.prompts.append(request)
        self.changed.set()

    def remove_object(self, object_id):
        self.removed.append(object_id)
        self.changed.set()

    def clear_objects(self):
        self.cleared += 1
        self.changed.set()

    def preview(self, number, request):
        self.previews.append((number, request))
        self.changed.set()

    def keep(self, stamp_ns):
        self.kept.append(stamp_ns)
        self.changed.set()

    def set_streaming(self, enabled):
        self.streaming.append(enabled)
        self.changed.set()


class RunningServer:
    """A started server, its backend, and clients for it."""

    def __init__(self, **options):
        self.backend = RecordingBackend()
        hub = Hub(self.backend, name='camera', title='robot')
        self.server = Server(hub, **{'port': 0, **options})
        self.server.start()

    @property
    def base(self):
        return self.server.url.rstrip('/')

    @property
    def refused(self):
        return self.server.hub.refused

    @asynccontextmanager
    async def client(self, **options):
        """Connect as the page does."""
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f'{self.base}/socket', max_msg_size=0, **options) as socket,
        ):
            yield WebSocketClient(socket)

    def show(self, frame):
        self.server.call(self.server.hub.broadcast_frame, frame)

    def call(self, name, *arguments):
        self.server.call(getattr(self.server.hub, name), *arguments)


class WebSocketClient:
    """One WebSocket of a test."""

    def __init__(self, socket):
        self.socket = socket

    async def send(self, kind, **fields):
        await self.socket.send_str(json.dumps({'type': kind, **fields}))

    async def text(self, kind, condition=lambda message: True):
        """Wait for a text message of a kind; others are passed over."""
        async for message in self.socket:
            if message.type == aiohttp.WSMsgType.TEXT:
                content = json.loads(message.data)
                if content['type'] == kind and condition(content):
                    return content
        raise AssertionError(f'closed with {self.socket.close_code} before any {kind}')

    async def frame(self):
        """Wait for a frame; return its header and its JPEG."""
        async for message in self.socket:
            if message.type == aiohttp.WSMsgType.BINARY:
                return unpack(message.data)
        raise AssertionError(f'closed with {self.socket.close_code} before any frame')

    async def closed(self):
        """Wait until the server closes it; return the code."""
        async for _ in self.socket:
            pass
        return self.socket.close_code


def unpack(data):
    (length,) = struct.unpack_from('<I', data)
    return json.loads(data[4 : 4 + length]), data[4 + length :]


def make_frame(number=1, *, width=WIDTH, height=HEIGHT, pixels=None, **fields):
    """Make a frame; without pixels of its own it is noise, which is large as JPEG."""

    def noise():
        return np.random.default_rng(number).integers(0, 256, (height, width, 3), np.uint8)

    return ViewerFrame(number, 1000 + number, width, height, pixels or noise, **fields)


def disc_mask(object_id=1, *, centre=(160, 120), radius=30, generation=1):
    """Make the mask of a disc, as a network returns it for 96×96 pixels around it."""
    y, x = np.ogrid[:96, :96]
    inside = (x - 47.5) ** 2 + (y - 47.5) ** 2 <= radius**2
    roi = Roi(centre[0] - 48, centre[1] - 48, 96, 96)
    probability = np.where(inside, 255, 0).astype(np.uint8)
    return ViewerMask(object_id, generation, 'host', 0.9, probability, roi)


def show_a_mask_to_browsers(served):
    """Show a black frame with a mask as soon as a browser is connected."""
    black = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    frame = make_frame(pixels=lambda: black, masks=(disc_mask(OBJECT),), segmented=True)
    show_to_browsers(served, frame)


def show_to_browsers(served, frame):
    """Show a frame as soon as a browser is connected, as a node does."""
    streaming = served.backend.set_streaming

    def set_streaming(enabled):
        streaming(enabled)
        if enabled:
            served.show(frame)

    served.backend.set_streaming = set_streaming


async def until(condition):
    """Wait for a change by another thread."""
    while not condition():
        await asyncio.sleep(0.005)


async def upgraded(served):
    """Open a WebSocket by hand: what is not read stays in the kernel."""
    port = served.server.port
    reader, writer = await asyncio.open_connection('127.0.0.1', port, limit=4096)
    writer.write(
        f'GET /socket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n'
        'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'.encode()
    )
    assert b'101' in await asyncio.wait_for(reader.readline(), PATIENCE)
    return reader, writer
