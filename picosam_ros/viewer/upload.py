"""Takes the pictures that pages send."""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from aiohttp import web

from picosam_ros.errors import ImageError
from picosam_ros.viewer.cameras import Cameras
from picosam_ros.viewer.pictures import (
    LARGEST_FILE,
    PictureViewer,
    clean_name,
    decode_picture,
    too_large,
)
from picosam_ros.viewer.rate_limits import TokenBucket

# A link that takes longer for a picture has given up.
TIMEOUT_S = 120.0
# Each costs up to a second of decoding.
PICTURES_PER_SECOND, PICTURE_BURST = 0.5, 5.0
# Of requests. Other web pages may send some types without being asked for: not this one.
CONTENT_TYPE = 'application/octet-stream'
_NOT_HERE = "this page shows a robot's camera; `picosam view` takes pictures"
BUSY = 'another picture is being sent; send it again once that is there'
_TOO_MANY = 'too many pictures at once; send it again in a few seconds'


class Upload:
    """The handler of the requests; to be used from one event loop.

    One picture is taken at a time: that bounds the memory.

    Args:
        cameras: have who shows them.
        refused: counts requests by cause.

    """

    def __init__(self, cameras: Cameras, refused: Counter[str]) -> None:
        self._cameras = cameras
        self._refused = refused
        self._rate = TokenBucket(PICTURES_PER_SECOND, PICTURE_BURST)
        self._pool = ThreadPoolExecutor(1, 'picosam_picture')
        self._task: asyncio.Task[object] | None = None

    @property
    def busy(self) -> bool:
        """Whether one is being sent."""
        return self._task is not None

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Show the picture in the body; the answer says why it is not shown, if it is not."""
        viewer = self._cameras.first.picture_viewer
        if viewer is None:
            return self._refuse(404, _NOT_HERE)
        if request.content_type != CONTENT_TYPE:
            return self._refuse(415, f'send the file as {CONTENT_TYPE}')
        if (request.content_length or 0) > LARGEST_FILE:
            return self._refuse(413, too_large(request.content_length or 0))
        if self.busy:
            return self._refuse(429, BUSY)
        if not self._rate.allow():
            return self._refuse(429, _TOO_MANY)
        self._task = asyncio.current_task()
        try:
            return await self._take(request, viewer)
        finally:
            self._task = None

    async def _take(self, request: web.Request, viewer: PictureViewer) -> web.StreamResponse:
        try:
            encoded = await asyncio.wait_for(_read(request), TIMEOUT_S)
        except asyncio.TimeoutError:
            return self._refuse(408, f'the picture did not arrive within {TIMEOUT_S:g} s')
        if len(encoded) > LARGEST_FILE:
            return self._refuse(413, too_large(len(encoded)))
        show = partial(_show, viewer, encoded, clean_name(request.query.get('name', '')))
        try:
            await asyncio.get_running_loop().run_in_executor(self._pool, show)
        except ImageError as error:
            return self._refuse(422, str(error))
        return web.Response(status=204)

    def close(self) -> None:
        """End what is being sent."""
        if self._task is not None:
            self._task.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _refuse(self, status: int, text: str) -> web.Response:
        self._refused['pictures'] += 1
        response = web.Response(status=status, text=f'{text}\n')
        response.force_close()
        return response


async def _read(request: web.Request) -> bytes:
    """Return the body; of one that is too large, a part that is."""
    parts, size = [], 0
    async for part in request.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > LARGEST_FILE:
            break
    return b''.join(parts)


def _show(viewer: PictureViewer, encoded: bytes, name: str) -> None:
    viewer.show_picture(decode_picture(encoded), name)
