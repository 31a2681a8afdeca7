"""The web application: the page, and what it asks for and answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import web

from picosam_ros.errors import PromptError
from picosam_ros.label_pages.application import PageApplication
from picosam_ros.label_pages.bodies import read_body
from picosam_ros.label_pages.images import Images
from picosam_ros.label_pages.threads import PageThreads
from picosam_ros.labelling.labelled import Label
from picosam_ros.labelling.prompt_file import PlacedPrompt
from picosam_ros.prompting import answers, requests
from picosam_ros.prompting.masks import FirstMasks
from picosam_ros.prompting.prompts import Pointed, Prompts
from picosam_ros.prompting.store import PromptStore
from picosam_ros.sequences.base import SequenceImage
from picosam_ros.viewer.auth import AccessControl
from picosam_ros.viewer.web_server import ErrorHandler

FAILED = 'the program failed on this, and its log has the error'

_FOLDER = Path(__file__).parent / 'page'
_NUMBER = '{number:[0-9]{1,15}}'


class PromptSite:
    """Serves the page, and takes its prompts; to be used from one event loop.

    Args:
        store, images, masks: as their classes say; each is used by its thread alone.
        access: accepts or refuses requests.
        on_error: called with what was not expected to be raised, on the event loop; the site goes
            on, and the page is told.
        title: for the page.
        advice: for its end: what goes on, and how to repeat it.

    Attributes:
        application: for aiohttp to serve.
        connections: that are open.
        refused: requests and connections, by cause.
        finished: whether somebody has asked to label.

    """

    def __init__(
        self,
        store: PromptStore,
        images: Images,
        masks: FirstMasks,
        access: AccessControl,
        *,
        on_error: ErrorHandler,
        title: str,
        advice: str,
    ) -> None:
        page = PageApplication(_FOLDER, access, failed=FAILED, on_error=on_error)
        self.application, self.connections = page.application, page.connections
        self.refused = page.refused
        self.finished = False
        self._store, self._images, self._masks = store, images, masks
        self._title, self._advice = title, advice
        self._threads = PageThreads()
        self._add_routes(self.application.router)
        self.application.cleanup_ctx.append(self._end_threads)

    def _add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get('/state', self._state)
        router.add_get('/masks/{recording}/' + _NUMBER, self._labels)
        router.add_get('/image/{recording}/' + _NUMBER + '.jpg', self._image)
        router.add_post('/prompt', self._point)
        router.add_post('/scope', self._scope)
        router.add_post('/name', self._rename)
        router.add_post('/remove', self._remove)
        router.add_post('/label', self._finish)

    async def _end_threads(self, _: web.Application) -> AsyncIterator[None]:
        yield
        # Recordings are closed in the thread that opened them.
        await self._threads.read(self._images.close)
        self._threads.end()

    async def _state(self, request: web.Request) -> web.StreamResponse:
        def read() -> dict[str, Any]:
            state = answers.everything(self._store.prompts, self._title)
            return {**state, 'corrects_boxes': self._masks.corrects_boxes}

        return web.json_response(await self._threads.answer(read))

    async def _image(self, request: web.Request) -> web.StreamResponse:
        recording, number = await self._named(request)
        jpeg = await self._threads.read(self._images.jpeg, recording, number)
        return web.Response(body=jpeg, content_type='image/jpeg')

    async def _labels(self, request: web.Request) -> web.StreamResponse:
        """Answer with the masks of all prompts that are for an image."""
        recording, number = await self._named(request)
        placed = await self._threads.answer(self._at, recording, number)
        image = (await self._threads.read(self._images.picture, recording, number)).image
        labels = []
        with self._threads.click():
            for one in placed:
                found = await self._threads.compute(self._label, image, one)
                labels.append({**_label(found, image), **answers.prompt(one)})
        frame = image.frame
        return web.json_response({'width': frame.width, 'height': frame.height, 'labels': labels})

    def _at(self, recording: str, number: int) -> tuple[PlacedPrompt, ...]:
        return self._store.prompts.at(recording, number)

    def _label(self, image: SequenceImage, placed: PlacedPrompt) -> Label:
        """Return a label; a prompt for several recordings may not fit the image of this one."""
        try:
            return self._masks.label(image, placed.key)
        except PromptError as error:
            return Label(placed.key.prompt.object_id, placed.key.name, doubt=str(error))

    async def _point(self, request: web.Request) -> web.StreamResponse:
        """Take a prompt if something is found there."""
        pointed = requests.read_pointed(await read_body(request))
        with self._threads.click():
            placed = await self._threads.answer(self._to_placed, pointed)
            named = pointed.recording, pointed.image
            image = (await self._threads.read(self._images.picture, *named)).image
            label = await self._threads.compute(self._masks.found, image, placed.key)
            kept = await self._threads.answer(self._put, pointed)
        label = replace(label, object_id=kept.key.prompt.object_id)
        answer = {**_label(label, image), **answers.prompt(kept)}
        return web.json_response({'label': answer, **self._objects()})

    def _to_placed(self, pointed: Pointed) -> PlacedPrompt:
        return self._store.prompts.to_placed(pointed)

    def _put(self, pointed: Pointed) -> PlacedPrompt:
        prompts = self._store.prompts
        placed = prompts.to_placed(pointed)
        before = prompts.find(pointed.object_id, pointed.recording, pointed.image)
        self._store.save(prompts.put(placed, before))
        return placed

    async def _scope(self, request: web.Request) -> web.StreamResponse:
        message = await read_body(request)
        place, recording = requests.read_place(message), requests.read_recording(message)
        everywhere = requests.read_everywhere(message)
        return await self._changed(
            lambda prompts: prompts.with_scope(
                place.object_id, place.pattern, place.image, recording, everywhere=everywhere
            )
        )

    async def _rename(self, request: web.Request) -> web.StreamResponse:
        message = await read_body(request)
        object_id, name = requests.read_object(message), requests.read_name(message)
        return await self._changed(lambda prompts: prompts.renamed(object_id, name))

    async def _remove(self, request: web.Request) -> web.StreamResponse:
        """Remove one prompt of an object, or without a pattern all of it."""
        message = await read_body(request)
        if 'pattern' not in message:
            object_id = requests.read_object(message)
            return await self._changed(lambda prompts: prompts.without(object_id))
        place = requests.read_place(message)
        return await self._changed(
            lambda prompts: prompts.without_prompt(place.object_id, place.pattern, place.image)
        )

    async def _changed(self, change: Callable[[Prompts], Prompts]) -> web.StreamResponse:
        def save() -> None:
            self._store.save(change(self._store.prompts))

        await self._threads.answer(save)
        return web.json_response(self._objects())

    def _objects(self) -> dict[str, Any]:
        return {'objects': answers.objects(self._store.prompts)}

    async def _finish(self, request: web.Request) -> web.StreamResponse:
        await read_body(request)
        if not self._store.prompts.placed:
            raise PromptError('there is no object yet; click on one, or drag a box around it')
        self.finished = True
        return web.json_response({'advice': self._advice})

    async def _named(self, request: web.Request) -> tuple[str, int]:
        """Return recording and number of an image. Raises PromptError if it is not there."""
        recording, number = request.match_info['recording'], int(request.match_info['number'])
        await self._threads.answer(self._at, recording, number)
        return recording, number


def _label(label: Label, image: SequenceImage) -> dict[str, Any]:
    return answers.label(label, image.frame.width, image.frame.height)
