"""The image that a browser shows, at the size and quality of the camera."""

import aiohttp
import cv2
import numpy as np
import pytest
from helpers.viewer_server import disc_mask, make_frame, on_a_loop, unpack, until

from picosam_ros.errors import ImageError
from picosam_ros.viewer import client as client_module
from picosam_ros.viewer import rate_limits
from picosam_ros.viewer.frames import LEAST_ON_LOOPBACK, LEVELS

WIDTH, HEIGHT = 1600, 1200


def picture(number=0):
    """Make a picture whose stripes of a pixel no smaller image has."""
    pixels = np.full((HEIGHT, WIDTH, 3), 60 + number, np.uint8)
    pixels[:, ::2] = (200, 120, 40)
    return pixels


def large(number):
    return make_frame(
        number, width=WIDTH, height=HEIGHT, pixels=lambda: picture(number), masks=(disc_mask(),)
    )


def decoded(jpeg):
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)[..., ::-1].astype(int)


@on_a_loop
async def test_the_frame_that_is_shown_comes_at_full_size_with_its_masks_though_others_were_sent(
    served,
):
    async with served.client() as client:
        served.show(large(1))
        header, jpeg = await client.frame()
        assert decoded(jpeg).shape[1] < WIDTH
        await client.send('ack', number=1)
        served.show(large(2))
        assert (await client.frame())[0]['number'] == 2
        await client.send('full', number=1)
        full, jpeg = await client.frame()
        assert full == header | {'full': True}
        assert np.abs(decoded(jpeg) - picture(1)).max() <= 12


@on_a_loop
async def test_a_frame_that_is_not_shown_any_more_is_said_to_be_gone(served):
    async with served.client() as client:
        for number in (1, 2):
            served.show(large(number))
            await client.frame()
            await client.send('ack', number=number)
        await client.send('full', number=1)
        assert (await client.text('gone'))['number'] == 1
        await client.send('full', number=99)
        assert (await client.text('gone'))['number'] == 99


@on_a_loop
async def test_one_that_cannot_be_read_again_is_gone_and_the_reason_is_told(served):
    readable = [picture()]

    def pixels():
        if not readable:
            raise ImageError('the image is broken')
        return readable.pop()

    async with served.client() as client:
        served.show(make_frame(1, width=WIDTH, height=HEIGHT, pixels=pixels))
        await client.frame()
        await client.send('full', number=1)
        texts = [await client.text(kind) for kind in ('gone', 'notice')]
        assert [texts[0]['number'], texts[1]['text']] == [1, 'the image is broken']


@on_a_loop
async def test_every_request_is_answered_also_beyond_the_rate(served, monkeypatch):
    # However long a busy machine takes for the requests, they come at once.
    monkeypatch.setattr(client_module, 'RateLimiter', lambda: rate_limits.RateLimiter(lambda: 0.0))
    async with served.client() as client:
        served.show(large(1))
        await client.frame()
        for _ in range(40):
            await client.send('full', number=1)
        answers = []
        while len(answers) < 40:
            message = await client.socket.receive()
            if message.type == aiohttp.WSMsgType.BINARY:
                answers.append(unpack(message.data)[0]['full'])
            elif '"gone"' in message.data:
                answers.append(False)
        assert True in answers
        assert False in answers
        assert served.refused['prompt rate'] > 0


@pytest.mark.parametrize(
    ('host', 'least'), [('127.0.0.1', LEVELS[LEAST_ON_LOOPBACK]), ('10.0.0.7', LEVELS[0])]
)
@on_a_loop
async def test_a_browser_of_this_machine_gets_no_small_images_and_one_elsewhere_does(
    serve, host, least
):
    served = serve(address='0.0.0.0')
    url, headers = f'{served.base}/socket?token={served.server.token}', {'Host': host}
    async with aiohttp.ClientSession() as session, session.ws_connect(url, headers=headers):
        await until(lambda: len(served.server.hub) == 1)
        [client] = served.server.hub
        # Each frame seems to have been on its way for an hour.
        client.flow_control._clock = iter(range(0, 10**6, 3600)).__next__
        for number in range(10):
            client.flow_control.sent(number)
            client.flow_control.acknowledge(number)
        assert client.flow_control.level == least
