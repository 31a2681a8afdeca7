"""The recording of the last seconds as a file, which a browser downloads."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from weakref import WeakSet

from aiohttp import web

from picosam_ros.bags.clip import open_clip
from picosam_ros.errors import BagError, ViewerError
from picosam_ros.viewer.cameras import Cameras
from picosam_ros.viewer.rate_limits import TokenBucket

# Each may be a file of 128 MiB and seconds of work.
FILES_PER_SECOND, FILES_AT_ONCE = 0.5, 3.0
_TOO_MANY = 'a recording is put together already, or was just now; try again in a few seconds\n'


class RecordingDownload:
    """Puts recordings together in a thread of its own, one at a time.

    Args:
        cameras: have the recorders.
        refused: counts refused requests by cause.

    """

    def __init__(self, cameras: Cameras, refused: Counter[str]) -> None:
        self._cameras = cameras
        self._refused = refused
        self._pool = ThreadPoolExecutor(1, 'picosam_recording')
        self._rate = TokenBucket(FILES_PER_SECOND, FILES_AT_ONCE)
        self._busy = False
        self._closing = threading.Event()
        self._transports: WeakSet[asyncio.BaseTransport] = WeakSet()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer with the file of a camera, or with the reason why there is none."""
        try:
            recorder = self._cameras.find(request.query.get('camera', '')).recorder
        except ViewerError as error:
            self._refused['unknown cameras'] += 1
            return web.Response(status=404, text=f'{error}\n')
        if recorder.needs:
            return web.Response(status=503, text=f'a recording needs: {recorder.needs}\n')
        if self._busy or not self._rate.allow():
            self._refused['recordings'] += 1
            return web.Response(status=429, text=_TOO_MANY)
        self._busy = True
        try:
            file = await asyncio.get_running_loop().run_in_executor(
                self._pool, open_clip, recorder.messages(), self._closing.is_set
            )
        except BagError as error:
            return web.Response(status=503, text=f'{error}\n')
        finally:
            self._busy = False
        if request.transport is not None:
            self._transports.add(request.transport)
        # aiohttp reads and closes it.
        return web.Response(body=file, content_type='application/octet-stream')

    def close(self) -> None:
        """End what is under way."""
        self._closing.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        # Else the server would wait for browsers that read slowly.
        for transport in list(self._transports):
            transport.abort()  # type: ignore[attr-defined]
