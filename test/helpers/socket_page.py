"""A WebSocket client of the viewer, in a thread of its own."""

import asyncio
import json
import struct
import threading
from collections import defaultdict

import aiohttp
from helpers.patient import PATIENCE


class SocketPage:
    """Acknowledges every frame, unless it is a slow one, and records all messages.

    Attributes:
        frames: their headers.
        texts: by type.
        changed: notified, and held, with every message.

    """

    def __init__(self, url, *, slow=False):
        self.frames = []
        self.texts = defaultdict(list)
        self.closed = False
        self.changed = threading.Condition()
        self._url = url
        self._slow = slow
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.closed:
            asyncio.run_coroutine_threadsafe(self._socket.close(), self._loop).result(PATIENCE)
        self._thread.join(PATIENCE)

    def send(self, kind, **fields):
        text = json.dumps({'type': kind, **fields})
        asyncio.run_coroutine_threadsafe(self._socket.send_str(text), self._loop).result(PATIENCE)

    def _run(self):
        self._loop.run_until_complete(self._listen())
        self._loop.close()

    async def _listen(self):
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f'{self._url}socket', max_msg_size=0) as self._socket,
        ):
            async for message in self._socket:
                if message.type == aiohttp.WSMsgType.BINARY:
                    (length,) = struct.unpack_from('<I', message.data)
                    frame = json.loads(message.data[4 : 4 + length])
                    if not self._slow:
                        await self._socket.send_json({'type': 'ack', 'number': frame['number']})
                    with self.changed:
                        self.frames.append(frame)
                        self.changed.notify_all()
                else:
                    text = json.loads(message.data)
                    with self.changed:
                        self.texts[text['type']].append(text)
                        self.changed.notify_all()
        self.closed = True
