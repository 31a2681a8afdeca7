"""Several cameras of one server: each has browsers, prompts and objects of its own."""

import threading

import aiohttp
import pytest
from helpers.viewer_server import RecordingBackend, make_frame, on_a_loop, until

from picosam_ros.results import Answer, PromptState
from picosam_ros.viewer import left_objects
from picosam_ros.viewer.hub import Hub

REAR = '/rear/camera'


@pytest.fixture
def rear(served):
    """Add a camera beside the server's own."""
    hub = Hub(RecordingBackend(), name='rear/camera', title='robot', camera=REAR)
    served.server.call(served.server.cameras.add, hub)
    return hub


def of_rear():
    return {'params': {'camera': REAR}}


async def listed(client, *there):
    """Wait for the list of cameras, each with whether it is there."""
    wanted = [{'name': name, 'there': is_there} for name, is_there in there]
    await client.text('cameras', lambda message: message['cameras'] == wanted)


@on_a_loop
async def test_a_browser_gets_what_the_camera_sends_that_it_asked_for(served, rear):
    async with served.client() as first, served.client(**of_rear()) as second:
        assert (await second.text('hello'))['camera'] == REAR
        assert (await first.text('hello'))['camera'] == ''
        served.server.call(rear.broadcast_frame, make_frame(7))
        served.show(make_frame(5))
        assert (await second.frame())[0]['number'] == 7
        assert (await first.frame())[0]['number'] == 5
        await second.send('clear')
        await until(lambda: rear._backend.cleared)
        assert served.backend.cleared == 0
        assert served.server.statistics()['browsers'] == 2
    await until(lambda: rear._backend.streaming == [True, False])


@on_a_loop
async def test_every_browser_is_told_which_cameras_are_there(served, rear):
    update = served.server.cameras.update
    async with served.client() as first, served.client(**of_rear()) as second:
        served.server.call(update, {REAR})
        await listed(first, (REAR, True))
        await listed(second, (REAR, True))
        served.server.call(update, frozenset())
        await listed(first, (REAR, False))
        served.server.call(update, {'/camera', REAR})
        await listed(second, ('/camera', True), (REAR, True))
    async with served.client() as later:
        await listed(later, ('/camera', True), (REAR, True))


@pytest.mark.parametrize(
    ('asked', 'reason'),
    [
        ('/side/camera', "there is no camera '/side/camera'"),
        ('x' * 3000, f"there is no camera '{56 * 'x'}..."),
        # Longer than a reason may be, and cut within no character.
        (60 * '🤖', r"there is no camera '\U0001f916"),
    ],
)
@on_a_loop
async def test_a_camera_that_is_not_known_is_refused_with_the_list_of_those_that_are(
    served, rear, asked, reason
):
    served.server.call(served.server.cameras.update, {REAR})
    async with served.client(params={'camera': asked}) as client:
        await listed(client, (REAR, True))
        message = await client.socket.receive()
        assert message.type == aiohttp.WSMsgType.CLOSE
        assert message.data == aiohttp.WSCloseCode.POLICY_VIOLATION
        assert message.extra.startswith(reason)
    assert served.refused['unknown cameras'] == 1


@on_a_loop
async def test_all_browsers_together_are_limited(serve):
    served = serve(max_clients=1)
    rear = Hub(RecordingBackend(), name='rear/camera', title='robot', camera=REAR)
    served.server.call(served.server.cameras.add, rear)
    async with served.client(**of_rear()) as client:
        await client.text('hello')
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            async with served.client():
                pass
    assert refusal.value.status == 503


@on_a_loop
async def test_what_browsers_made_stays_on_every_camera_while_a_page_is_open_on_any(
    served, rear, monkeypatch
):
    monkeypatch.setattr(left_objects, 'KEPT_S', 0.0)
    backend = rear._backend
    async with served.client():
        async with served.client(**of_rear()) as goes:
            await goes.send('point', tag=1, x=5, y=5)
            await until(lambda: backend.prompts)
            served.server.call(rear.broadcast_answer, Answer(1, PromptState.ACCEPTED, '', 1))
            await goes.text('answer')
        await until(lambda: not len(rear))
        ticked = threading.Event()
        served.server.call(served.server.cameras.tick)
        served.server.call(ticked.set)
        await until(ticked.is_set)
        assert backend.removed == []
    await until(lambda: backend.removed)
    assert (backend.removed, served.backend.removed) == ([1], [])


@on_a_loop
async def test_the_address_keeps_its_camera_when_it_loses_its_token(serve):
    served = serve(address='0.0.0.0')
    async with aiohttp.ClientSession() as session:
        response = await session.get(
            f'http://127.0.0.1:{served.server.port}/?camera={REAR}&token={served.server.token}',
            allow_redirects=False,
        )
        assert response.headers['Location'] == f'./?camera={REAR}'
