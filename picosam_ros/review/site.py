"""The web application: the page, and what it asks for and answers."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from picosam_ros.errors import PicosamError
from picosam_ros.review import answers, requests
from picosam_ros.review.bodies import LARGEST_BODY, Refused, read_body
from picosam_ros.review.corrector import Corrector
from picosam_ros.review.images import Images
from picosam_ros.review.queue import Queue
from picosam_ros.viewer.auth import AccessControl, Handler, make_middleware
from picosam_ros.viewer.connections import Connections
from picosam_ros.viewer.page_files import PAGE, add_page, page_files
from picosam_ros.viewer.web_server import ErrorHandler

# Browsers that are open at the same time.
MAX_CLIENTS = 16
# Corrections that wait for the engine; a person clicks no faster.
MOST_WAITING = 16
FAILED = 'the review failed on this, and its log has the error'

_FOLDER = Path(__file__).parent / 'page'
# Of the viewer's page.
_SHARED = (
    'canvas.js',
    'controls.css',
    'elements.js',
    'gestures.js',
    'icon.svg',
    'labels.js',
    'masks.js',
    'outline.js',
    'panel.css',
    'pen.js',
    'pole.js',
    'style.css',
    'viewport.js',
)

Result = TypeVar('Result')


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
        self.refused: Counter[str] = Counter()
        self.connections = Connections(self.refused, MAX_CLIENTS)
        self._queue, self._images, self._corrector = queue, images, corrector
        self._on_error = on_error
        self._title, self._advice = title, advice
        # Tells a page that the program was started again: its numbers of changes begin anew.
        self._session = secrets.token_hex(8)
        self._waiting = 0
        self._answers = ThreadPoolExecutor(1, 'picosam_answers')
        self._reading = ThreadPoolExecutor(1, 'picosam_review_images')
        self._correcting = ThreadPoolExecutor(1, 'picosam_correct')
        access_check = make_middleware(access, self.refused, self._accepted)
        self.application = web.Application(
            middlewares=[access_check, self._make_error_teller()],
            client_max_size=LARGEST_BODY,
        )
        add_page(self.application, [*page_files(_FOLDER), *(PAGE / name for name in _SHARED)])
        self._add_routes(self.application.router)
        self.application.cleanup_ctx.append(self._end_threads)

    def _add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get('/state', self._state)
        router.add_get('/labels/{recording}/{number:[0-9]{1,15}}', self._labels)
        router.add_get('/image/{recording}/{number:[0-9]{1,15}}.jpg', self._image)
        router.add_post('/decision', self._decide)
        router.add_post('/undo', self._undo)
        router.add_post('/correction', self._correct)

    def _accepted(self, request: web.Request) -> None:
        self.connections.authorized(request.transport)

    async def _end_threads(self, _: web.Application) -> AsyncIterator[None]:
        yield
        # Recordings are closed in the thread that opened them.
        await _in(self._reading, self._images.close)
        for pool in (self._answers, self._reading, self._correcting):
            pool.shutdown(wait=True, cancel_futures=True)

    def _make_error_teller(self) -> Any:
        @web.middleware
        async def tell_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
            response = await self._answered(request, handler)
            # Other web pages cannot read what they show; nor are they to show it.
            response.headers['Cross-Origin-Resource-Policy'] = 'same-origin'
            return response

        return tell_errors

    async def _answered(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Return the response, that of an error with its sentence."""
        try:
            return await handler(request)
        except web.HTTPException:
            raise
        except Refused as error:
            return self._refuse(error.status, str(error))
        except PicosamError as error:
            return self._refuse(422, str(error))
        except Exception as error:  # noqa: BLE001 - told to the page and the owner
            self._on_error(error)
            told = f'{FAILED}: {type(error).__name__}: {error}\n'
            return web.Response(status=500, text=told)

    def _refuse(self, status: int, text: str) -> web.Response:
        self.refused['requests'] += 1
        response = web.Response(status=status, text=f'{text}\n')
        if status in (408, 413, 415):  # the body, or its rest, was not read
            response.force_close()
        return response

    async def _state(self, request: web.Request) -> web.StreamResponse:
        """Answer with all, or with what changed since the page last asked."""
        since = request.query.get('since', '')
        if request.query.get('session') == self._session and since.isascii() and since.isdigit():
            state = await _in(self._answers, answers.changes, self._queue, int(since[:15]))
        else:
            state = await _in(
                self._answers, answers.everything, self._queue, self._title, self._advice
            )
        return web.json_response({'session': self._session, **state})

    async def _labels(self, request: web.Request) -> web.StreamResponse:
        def read() -> dict[str, Any]:
            return answers.image(self._queue, self._queue.find(*_named(request)))

        return web.json_response(await _in(self._answers, read))

    async def _image(self, request: web.Request) -> web.StreamResponse:
        recording, number = _named(request)
        await _in(self._answers, self._queue.find, recording, number)
        picture = await _in(self._reading, self._images.picture, recording, number)
        return web.Response(body=picture.jpeg, content_type='image/jpeg')

    async def _decide(self, request: web.Request) -> web.StreamResponse:
        answer = requests.read_answer(await read_body(request))
        return web.json_response(await _in(self._answers, self._take, answer))

    def _take(self, answer: requests.Answer) -> dict[str, Any]:
        queue, before = self._queue, self._queue.changes
        place = queue.find(answer.recording, answer.number)
        image = queue.doubted[place].image
        corrected = [one.on(image) for one in answer.changed]
        if not answer.accepted:
            step = queue.reject(place)
        else:
            step = (queue.accept_alike if answer.alike else queue.accept)(place, corrected)
        return {'step': step, 'count': queue.changes - before, **answers.changes(queue, before)}

    async def _undo(self, request: web.Request) -> web.StreamResponse:
        step = requests.read_step(await read_body(request))

        def undo() -> dict[str, Any]:
            before = self._queue.changes
            places = self._queue.undo(step)
            return {'places': places, **answers.changes(self._queue, before)}

        return web.json_response(await _in(self._answers, undo))

    async def _correct(self, request: web.Request) -> web.StreamResponse:
        correction = requests.read_correction(await read_body(request))
        if self._waiting >= MOST_WAITING:
            raise Refused(429, 'too many clicks at once; wait until those before are answered')
        self._waiting += 1
        try:
            return web.json_response(await self._corrected(correction))
        finally:
            self._waiting -= 1

    async def _corrected(self, correction: requests.Correction) -> dict[str, Any]:
        recording, number = correction.recording, correction.number
        place = await _in(self._answers, self._queue.find, recording, number)
        label = correction.label.on(self._queue.doubted[place].image)
        frame = (await _in(self._reading, self._images.picture, recording, number)).frame

        def correct() -> dict[str, Any]:
            corrected = self._corrector.correct(frame, label, correction.points)
            return answers.label(corrected, frame.width, frame.height)

        return await _in(self._correcting, correct)


async def _in(pool: ThreadPoolExecutor, function: Callable[..., Result], *given: Any) -> Result:
    """Call a function in a thread; what it raises is raised here."""
    return await asyncio.get_running_loop().run_in_executor(pool, function, *given)


def _named(request: web.Request) -> tuple[str, int]:
    return request.match_info['recording'], int(request.match_info['number'])
