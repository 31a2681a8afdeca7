"""The web application: the page, and what it asks for and answers."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import web

from picosam_ros.label_pages.application import PageApplication
from picosam_ros.label_pages.bodies import read_body
from picosam_ros.label_pages.images import Images
from picosam_ros.label_pages.threads import PageThreads
from picosam_ros.review import answers, requests
from picosam_ros.review.corrector import Corrector
from picosam_ros.review.queue import Queue
from picosam_ros.viewer.auth import AccessControl
from picosam_ros.viewer.web_server import ErrorHandler

FAILED = 'the review failed on this, and its log has the error'

_FOLDER = Path(__file__).parent / 'page'


class ReviewSite:
    """Serves the page, and takes its answers; to be used from one event loop.

    What takes longer runs in threads: one for the answers, one for images, one for the engine.

    Args:
        queue, images, corrector: as their classes say; each is used by its thread alone.
        access: accepts or refuses requests.
        on_error: called with what was not expected to be raised, on the event loop; the site goes
            on, and the page is told.
        title, advice: for the page: what it is about, and what to do when all is answered.

    Attributes:
        application: for aiohttp to serve.
        connections: that are open.
        refused: requests and connections, by cause.

    """

    def __init__(
        self,
        queue: Queue,
        images: Images,
        corrector: Corrector,
        access: AccessControl,
        *,
        on_error: ErrorHandler,
        title: str,
        advice: str,
    ) -> None:
        page = PageApplication(_FOLDER, access, failed=FAILED, on_error=on_error)
        self.application, self.connections = page.application, page.connections
        self.refused = page.refused
        self._queue, self._images, self._corrector = queue, images, corrector
        self._title, self._advice = title, advice
        # Tells a page that the program was started again: its numbers of changes begin anew.
        self._session = secrets.token_hex(8)
        self._threads = PageThreads()
        self._add_routes(self.application.router)
        self.application.cleanup_ctx.append(self._end_threads)

    def _add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get('/state', self._state)
        router.add_get('/labels/{recording}/{number:[0-9]{1,15}}', self._labels)
        router.add_get('/image/{recording}/{number:[0-9]{1,15}}.jpg', self._image)
        router.add_post('/decision', self._decide)
        router.add_post('/undo', self._undo)
        router.add_post('/correction', self._correct)

    async def _end_threads(self, _: web.Application) -> AsyncIterator[None]:
        yield
        # Recordings are closed in the thread that opened them.
        await self._threads.read(self._images.close)
        self._threads.end()

    async def _state(self, request: web.Request) -> web.StreamResponse:
        """Answer with all, or with what changed since the page last asked."""
        since = request.query.get('since', '')
        if request.query.get('session') == self._session and since.isascii() and since.isdigit():
            state = await self._threads.answer(answers.changes, self._queue, int(since[:15]))
        else:
            state = await self._threads.answer(
                answers.everything, self._queue, self._title, self._advice
            )
        return web.json_response({'session': self._session, **state})

    async def _labels(self, request: web.Request) -> web.StreamResponse:
        def read() -> dict[str, Any]:
            return answers.image(self._queue, self._queue.find(*_named(request)))

        return web.json_response(await self._threads.answer(read))

    async def _image(self, request: web.Request) -> web.StreamResponse:
        recording, number = _named(request)
        await self._threads.answer(self._queue.find, recording, number)
        jpeg = await self._threads.read(self._images.jpeg, recording, number)
        return web.Response(body=jpeg, content_type='image/jpeg')

    async def _decide(self, request: web.Request) -> web.StreamResponse:
        answer = requests.read_answer(await read_body(request))
        return web.json_response(await self._threads.answer(self._take, answer))

    def _take(self, answer: requests.Answer) -> dict[str, Any]:
        queue, before = self._queue, self._queue.changes
        place = queue.find(answer.recording, answer.number)
        image = queue.doubted[place].image
        corrected = [one.on(image) for one in answer.changed]
        if not answer.accepted:
            step = (queue.reject_alike if answer.alike else queue.reject)(place)
        else:
            step = (queue.accept_alike if answer.alike else queue.accept)(place, corrected)
        return {'step': step, 'count': queue.changes - before, **answers.changes(queue, before)}

    async def _undo(self, request: web.Request) -> web.StreamResponse:
        step = requests.read_step(await read_body(request))

        def undo() -> dict[str, Any]:
            before = self._queue.changes
            places = self._queue.undo(step)
            return {'places': places, **answers.changes(self._queue, before)}

        return web.json_response(await self._threads.answer(undo))

    async def _correct(self, request: web.Request) -> web.StreamResponse:
        correction = requests.read_correction(await read_body(request))
        with self._threads.click():
            return web.json_response(await self._corrected(correction))

    async def _corrected(self, correction: requests.Correction) -> dict[str, Any]:
        recording, number = correction.recording, correction.number
        place = await self._threads.answer(self._queue.find, recording, number)
        label = correction.label.on(self._queue.doubted[place].image)
        frame = (await self._threads.read(self._images.picture, recording, number)).frame

        def correct() -> dict[str, Any]:
            corrected = self._corrector.correct(frame, label, correction.points)
            return answers.label(corrected, frame.width, frame.height)

        return await self._threads.compute(correct)


def _named(request: web.Request) -> tuple[str, int]:
    return request.match_info['recording'], int(request.match_info['number'])
