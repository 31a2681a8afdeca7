"""The file of the last seconds: who gets it, what it holds, and when there is none."""

import asyncio
import threading

import aiohttp
import numpy as np
import pytest
from helpers.viewer_server import HEIGHT, PATIENCE, WIDTH, make_frame, on_a_loop, until

from picosam_ros.bags.messages import COMPRESSED, LATENCY, MASKS, PROMPT, read_frame, typestore
from picosam_ros.bags.recording import Recording
from picosam_ros.frame import Frame
from picosam_ros.mask import Mask
from picosam_ros.prompt import Prompt
from picosam_ros.roi import Roi
from picosam_ros.viewer import hub as hub_module
from picosam_ros.viewer.rate_limits import TokenBucket
from picosam_ros.wire.messages import serialise_masks

rosbag2 = pytest.importorskip('rosbags.rosbag2', reason='pip brings rosbags')

# Without ROS: as of a node `camera`.
IMAGES = '/image_raw/compressed'


def grey(number):
    return np.full((HEIGHT, WIDTH, 3), 60 + 10 * number, np.uint8)


def frame_masks(number):
    """Make a frame with a mask, as a segmentation node has them."""
    frame = Frame(grey(number), 1000 + number, 'lens')
    logits = np.random.default_rng(number).normal(0, 4, (96, 96)).astype(np.float32)
    prompt = Prompt.from_point(20, 30, object_id=4)
    roi = Roi(10.5, 20, 96, 96)
    return frame, [Mask(prompt, logits, roi, WIDTH, HEIGHT, 'host', 0.75)]


async def download(served, **options):
    """Ask for the file; return status and content."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f'{served.base}/recording', **options) as response,
    ):
        return response.status, await response.read()


async def seen(served, client, *numbers):
    """Let a browser see frames, and their masks come before them."""
    await until(lambda: served.server.hub.recorder.running)
    for number in numbers:
        frame, masks = frame_masks(number)
        served.server.hub.recorder.add_masks(frame, masks)
        served.show(make_frame(number, pixels=lambda number=number: grey(number), frame_id='lens'))
        await client.frame()
        await client.send('ack', number=number)


def read(path):
    """Return messages by topic, as rosbags reads them: time, kind, message."""
    found = {}
    with rosbag2.Reader(path) as reader:
        for connection, at_ns, data in reader.messages():
            message = typestore().deserialize_cdr(data, connection.msgtype)
            found.setdefault(connection.topic, []).append((at_ns, connection.msgtype, message))
    return found


@on_a_loop
async def test_the_file_is_a_recording_of_what_was_seen(serve, tmp_path):
    served = serve()
    async with served.client() as client:
        await seen(served, client, 1, 2, 3)
        await client.send('point', tag=1, x=20, y=30, object=4, stamp='1002')
        await client.send('remove', tag=2, object=4)
        await until(lambda: served.backend.removed)
        status, content = await download(served)
    assert status == 200
    path = tmp_path / 'last.mcap'
    path.write_bytes(content)
    messages = read(path)
    kinds = {topic: {kind for _, kind, _ in found} for topic, found in messages.items()}
    assert kinds == {IMAGES: {COMPRESSED}, '/camera/masks': {MASKS}, '/prompt': {PROMPT}}
    for found in messages.values():
        assert [at_ns for at_ns, _, _ in found] == sorted(at_ns for at_ns, _, _ in found)
    prompts = [message for _, _, message in messages['/prompt']]
    assert [(each.action, each.object_id) for each in prompts] == [(0, 4), (2, 4)]
    assert (prompts[0].points[0].x, prompts[0].header.stamp.nanosec) == (20, 1002)
    for number, (_, _, message) in enumerate(messages['/camera/masks'], start=1):
        expected = typestore().deserialize_cdr(serialise_masks(*frame_masks(number), ()), MASKS)
        assert message.header == expected.header
        assert (message.image_width, message.image_height) == (WIDTH, HEIGHT)
        [mask], [published] = message.masks, expected.masks
        assert np.array_equal(mask.probability, published.probability)
        assert (mask.roi, mask.box, mask.area) == (published.roi, published.box, published.area)
    # Our own reader, which is another program.
    with Recording(path) as recording:
        assert recording.choose('') == IMAGES
        frames = [read_frame(each.serialised, each.kind) for each in recording.images(IMAGES)]
        assert not recording.damage
        assert recording.notes == []
    assert [(frame.stamp_ns, frame.frame_id) for frame in frames] == [
        (1000 + number, 'lens') for number in (1, 2, 3)
    ]
    for number, frame in enumerate(frames, start=1):
        assert frame.pixels.shape == (HEIGHT, WIDTH, 3)
        assert np.abs(frame.pixels.astype(int) - grey(number)).max() <= 2


@on_a_loop
async def test_before_the_first_image_and_after_the_last_browser_there_is_none(served):
    status, content = await download(served)
    assert (status, content.decode()) == (
        503,
        'nothing was recorded yet: wait until the page shows an image\n',
    )
    async with served.client() as client:
        await seen(served, client, 1)
        assert (await download(served))[0] == 200
    await until(lambda: not served.server.hub.recorder.running)
    assert (await download(served))[0] == 503


@on_a_loop
async def test_one_is_put_together_at_a_time_and_not_too_many(served, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()
    # However long a busy machine takes for the requests, they come at once.
    served.server.site._recordings._rate = TokenBucket(0.0, 2.0)

    def slow():
        begun.set()
        assert go_on.wait(PATIENCE)
        return b''

    async with served.client() as client:
        await seen(served, client, 1)
        kept = served.server.hub.recorder.messages()
        monkeypatch.setattr(kept[0], 'serialise', slow)
        first = asyncio.create_task(download(served))
        await until(begun.is_set)
        assert (await download(served))[0] == 429
        # The page goes on meanwhile.
        await seen(served, client, 2)
        go_on.set()
        assert (await first)[0] == 200
        assert (await download(served))[0] == 200
        status, content = await download(served)
    assert status == 429
    assert b'try again' in content
    assert served.refused['recordings'] == 2


@on_a_loop
async def test_one_that_cannot_be_put_together_is_reported_alone(serve, monkeypatch):
    reported = []
    served = serve(on_error=reported.append)

    def fails():
        raise ZeroDivisionError

    async with served.client() as client:
        await seen(served, client, 1)
        with monkeypatch.context() as patch:
            patch.setattr(served.server.hub.recorder.messages()[0], 'serialise', fails)
            assert (await download(served))[0] == 500
        assert [type(error) for error in reported] == [ZeroDivisionError]
        assert served.refused['failure'] == 1
        assert (await download(served))[0] == 200


@on_a_loop
async def test_the_viewer_ends_while_one_is_put_together(serve, monkeypatch):
    served = serve()
    begun, go_on = threading.Event(), threading.Event()

    def slow():
        begun.set()
        assert go_on.wait(PATIENCE)
        return b''

    async with served.client() as client:
        await seen(served, client, 1)
        monkeypatch.setattr(served.server.hub.recorder.messages()[0], 'serialise', slow)
        asking = asyncio.create_task(download(served))
        await until(begun.is_set)
        ending = asyncio.create_task(asyncio.to_thread(served.server.stop))
        await until(served.server.site._recordings._closing.is_set)
        go_on.set()
        await ending
        # It gets the reason, unless its connection was closed before.
        [answer] = await asyncio.gather(asking, return_exceptions=True)
        assert isinstance(answer, aiohttp.ClientError) or answer[0] == 503


@on_a_loop
async def test_the_viewer_ends_though_a_browser_does_not_read_the_file(serve):
    served = serve()
    async with served.client() as client:
        await seen(served, client, 1)
        # More than the kernel keeps of a connection.
        served.server.hub.recorder.add('/large', LATENCY, 0, bytes(64 << 20))
        reader, writer = await asyncio.open_connection('127.0.0.1', served.server.port, limit=4096)
        head = f'POST /recording HTTP/1.1\r\nHost: 127.0.0.1:{served.server.port}\r\n'
        writer.write(f'{head}Content-Length: 0\r\n\r\n'.encode())
        assert b'200' in await reader.readline()
        await asyncio.to_thread(served.server.stop)
        writer.close()


@on_a_loop
async def test_other_pages_and_those_without_the_token_get_none(serve):
    served = serve(address='0.0.0.0')
    assert (await download(served))[0] == 401
    token = {'token': served.server.token}
    assert (await download(served, params=token))[0] == 503
    other = {'Origin': 'http://evil.example'}
    assert (await download(served, params=token, headers=other))[0] == 403
    async with (
        aiohttp.ClientSession() as session,
        session.get(f'{served.base}/recording', params=token) as response,
    ):
        assert response.status == 405
    assert (await download(served, params={**token, 'camera': '/nobody'}))[0] == 404


@on_a_loop
async def test_without_rosbags_the_page_is_told_what_to_install(serve, monkeypatch):
    monkeypatch.setattr(hub_module, 'missing', lambda: 'pip install "rosbags>=0.11"')
    served = serve()
    async with served.client() as client:
        assert (await client.text('hello'))['recording'] == 'pip install "rosbags>=0.11"'
        status, content = await download(served)
    assert status == 503
    assert b'a recording needs: pip install "rosbags>=0.11"' in content
