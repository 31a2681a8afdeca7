"""Masks of prompts on a kept image: each request is answered, one of a browser at a time."""

import json

from helpers.viewer_server import HEIGHT, WIDTH, disc_mask, on_a_loop, until

from picosam_ros.prompt import Point
from picosam_ros.viewer import previews
from picosam_ros.viewer.frames import ImageMasks
from picosam_ros.viewer.requests import PreviewRequest


async def ask(client, tag, x=10, stamp='1000'):
    await client.send('preview', tag=tag, stamp=stamp, prompts=[{'points': [{'x': x, 'y': 20}]}])


def answer(served, number, *masks, stamp_ns=1000, reason=''):
    made = ImageMasks(stamp_ns, WIDTH, HEIGHT, masks)
    served.call('answer_preview', number, made, reason)


@on_a_loop
async def test_masks_come_to_who_asked_for_them_and_no_object_begins(served):
    async with served.client() as asking, served.client() as other:
        await ask(asking, 7)
        await until(lambda: served.backend.previews)
        [(number, request)] = served.backend.previews
        assert request.stamp_ns == 1000
        assert [prompt.points for prompt in request.prompts] == [(Point(10.0, 20.0),)]
        answer(served, number, disc_mask())
        shown = await asking.text('preview')
        assert (shown['tag'], shown['stamp'], shown['reason']) == (7, '1000', '')
        [mask] = shown['masks']
        assert (mask['object'], mask['score']) == (1, 0.9)
        assert mask['outline']
        assert served.backend.prompts == []
        # Nothing of it goes to the others: this is the first that this one is sent.
        await ask(other, 8)
        await until(lambda: len(served.backend.previews) == 2)
        answer(served, served.backend.previews[1][0], reason='not kept')
        assert (await other.text('preview'))['reason'] == 'not kept'


@on_a_loop
async def test_one_request_of_a_browser_is_at_work_and_the_newest_waits(served):
    async with served.client() as client, served.client() as other:
        for tag in (1, 2, 3):
            await ask(client, tag, x=tag)
        replaced = await client.text('preview')
        assert (replaced['tag'], replaced['masks']) == (2, [])
        assert 'newer request' in replaced['reason']
        await ask(other, 4)
        await until(lambda: len(served.backend.previews) == 2)
        (first, _), (_, of_other) = served.backend.previews
        assert of_other.tag == 4
        answer(served, first)
        await until(lambda: len(served.backend.previews) == 3)
        assert served.backend.previews[2][1].tag == 3
        assert (await client.text('preview'))['tag'] == 1


@on_a_loop
async def test_a_request_without_an_answer_is_told_and_makes_room(served, monkeypatch):
    monkeypatch.setattr(previews, 'TIMEOUT_S', 0.0)
    async with served.client() as client:
        await ask(client, 1)
        told = await client.text('preview')
        assert told['tag'] == 1
        assert 'no answer from camera' in told['reason']
        await ask(client, 2)
        await until(lambda: len(served.backend.previews) == 2)
        # Too late: it belongs to no request any more.
        answer(served, served.backend.previews[0][0])
        assert (await client.text('preview'))['tag'] == 2


@on_a_loop
async def test_a_search_for_everything_says_how_far_it_came(served):
    async with served.client() as client:
        await client.send('preview', tag=2, stamp='1000', everything=True, budget=3)
        await until(lambda: served.backend.previews)
        [(number, request)] = served.backend.previews
        assert (request.prompts, request.budget_s) == ((), 3.0)
        found = ImageMasks(1000, WIDTH, HEIGHT, (disc_mask(),), asked=7, planned=9)
        served.call('answer_preview', number, found)
        told = await client.text('preview')
        assert (told['tag'], told['asked'], told['planned']) == (2, 7, 9)
        assert len(told['masks']) == 1


class Silent:
    def __init__(self):
        self.texts = []

    def enqueue(self, text):
        self.texts.append(json.loads(text))

    def preview(self, number, request):
        pass


def test_a_search_for_everything_is_waited_for_longer_than_prompts_by_its_budget():
    now = [0.0]
    searching, clicking = Silent(), Silent()
    waiting = previews.Previews(Silent(), clock=lambda: now[0])
    waiting.ask(searching, PreviewRequest(1, 1000, budget_s=3.0))
    waiting.ask(clicking, PreviewRequest(2, 1000))
    now[0] = previews.TIMEOUT_S + 1
    waiting.end_expired('late')
    assert [text['reason'] for text in clicking.texts] == ['late']
    assert searching.texts == []
    now[0] += 3
    waiting.end_expired('late')
    assert [text['reason'] for text in searching.texts] == ['late']
