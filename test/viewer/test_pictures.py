"""Pictures that are sent to the viewer: what is taken, and what is refused, counted and told."""

import asyncio
import struct
import time
import zlib

import aiohttp
import cv2
import numpy as np
import pytest
from helpers.viewer_server import on_a_loop, until

from picosam_ros.viewer import pictures, upload
from picosam_ros.viewer.pictures import Shown, clean_name, decode_picture

TYPE = {'Content-Type': upload.CONTENT_TYPE}
WIDTH, HEIGHT = 40, 30


class Viewer:
    """Records what it is to show."""

    def __init__(self):
        self.shown = []
        self.camera = 0

    def show_picture(self, pixels, name):
        self.shown.append((pixels, name))

    def show_camera(self):
        self.camera += 1


@pytest.fixture
def viewer(served):
    viewer = Viewer()
    served.server.hub.offer_pictures(viewer, Shown(offered=True))
    return viewer


def picture(suffix='.png'):
    """Return an encoded picture of which only the upper left is red."""
    bgr = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
    bgr[:10, :10] = 0, 0, 255
    return cv2.imencode(suffix, bgr)[1].tobytes()


def png_of(width, height):
    """Return a PNG of a few bytes that asks for so many pixels."""

    def chunk(kind, content):
        checked = kind + content
        return struct.pack('>I', len(content)) + checked + struct.pack('>I', zlib.crc32(checked))

    header = chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0))
    return b'\x89PNG\r\n\x1a\n' + header + chunk(b'IDAT', zlib.compress(b'')) + chunk(b'IEND', b'')


async def send(served, content, *, name='a.png', headers=None):
    """Return the status and the sentence of the answer."""
    async with aiohttp.ClientSession() as session:
        url = f'{served.base}/picture'
        sent = {**TYPE, **(headers or {})}
        async with session.post(url, data=content, params={'name': name}, headers=sent) as answer:
            return answer.status, await answer.text()


@pytest.mark.parametrize('suffix', ['.png', '.jpg', '.webp', '.bmp', '.tif'])
@on_a_loop
async def test_a_picture_is_shown_with_its_pixels_and_its_name(served, viewer, suffix):
    assert await send(served, picture(suffix), name=f'C:\\photos/cup\n{suffix}') == (204, '')
    [(pixels, name)] = viewer.shown
    assert (pixels.shape, name) == ((HEIGHT, WIDTH, 3), f'cup{suffix}')
    assert np.abs(pixels[4, 4].astype(int) - (255, 0, 0)).max() < 30
    assert np.abs(pixels[20, 30].astype(int) - 40).max() < 30


def test_a_photograph_is_turned_by_its_exif_orientation():
    # A quarter to the right, as phones held upright write it.
    turned = b'Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0'
    jpeg = picture('.jpg')
    segment = b'\xff\xe1' + struct.pack('>H', 2 + len(turned)) + turned
    pixels = decode_picture(jpeg[:2] + segment + jpeg[2:])
    assert pixels.shape == (WIDTH, HEIGHT, 3)
    assert pixels[4, -5, 0] > 200 > pixels[4, 4, 0]


@pytest.mark.parametrize(
    ('content', 'told'),
    [
        (b'', 'its format is not known'),
        (b'no picture at all', 'its format is not known'),
        (picture()[:60], 'OpenCV cannot read it'),
        (png_of(20_000, 20_000), 'it has 20000×20000 pixels'),
    ],
)
@on_a_loop
async def test_what_is_no_picture_is_refused_with_what_is_allowed_and_counted(
    served, viewer, content, told
):
    status, sentence = await send(served, content)
    assert (status, viewer.shown) == (422, [])
    assert told in sentence
    assert 'allowed are JPEG, PNG, WebP, BMP and TIFF files of up to 64 MiB' in sentence
    assert served.refused['pictures'] == 1
    assert not served.refused['failure']
    assert (await send(served, picture()))[0] == 204


@pytest.mark.parametrize('chunked', [False, True])
@on_a_loop
async def test_a_file_that_is_too_large_is_refused(served, viewer, monkeypatch, chunked):
    monkeypatch.setattr(upload, 'LARGEST_FILE', 1 << 20)

    async def parts():
        for _ in range(40):
            yield bytes(1 << 16)

    status, sentence = await send(served, parts() if chunked else bytes(40 << 16))
    assert (status, viewer.shown) == (413, [])
    assert 'its file has' in sentence
    assert 'scale it down' in sentence
    assert served.refused['pictures'] == 1


@on_a_loop
async def test_where_a_robots_camera_is_shown_no_picture_is_taken(served):
    status, sentence = await send(served, picture())
    assert status == 404
    assert '`picosam view` takes pictures' in sentence


@pytest.mark.parametrize(
    ('headers', 'status'),
    [
        ({'Origin': 'http://evil.example'}, 403),
        ({'Host': 'evil.example'}, 403),
        # What another page may send without being asked for.
        ({'Content-Type': 'text/plain'}, 415),
    ],
)
@on_a_loop
async def test_another_web_page_cannot_send_one(served, viewer, headers, status):
    assert (await send(served, picture(), headers=headers))[0] == status
    assert viewer.shown == []


@on_a_loop
async def test_without_the_token_none_is_taken(serve):
    served = serve(address='0.0.0.0')
    viewer = Viewer()
    served.server.hub.offer_pictures(viewer, Shown(offered=True))
    assert (await send(served, picture()))[0] == 401
    cookie = f'picosam_viewer_{served.server.port}={served.server.token}'
    assert (await send(served, picture(), headers={'Cookie': cookie}))[0] == 204
    assert len(viewer.shown) == 1


async def begun(served, first=b''):
    """Send the beginning of a picture, and wait until it is being taken; return the connection."""
    port = served.server.port
    _, writer = await asyncio.open_connection('127.0.0.1', port)
    head = (
        f'POST /picture HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 1000000\r\n'
        f'Content-Type: {upload.CONTENT_TYPE}\r\n\r\n'
    )
    writer.write(head.encode() + first)
    await writer.drain()
    await until(lambda: served.server.site.upload.busy)
    return writer


@on_a_loop
async def test_one_picture_is_taken_at_a_time_and_one_that_breaks_off_is_forgotten(served, viewer):
    writer = await begun(served, bytes(1000))
    status, sentence = await send(served, picture())
    assert (status, sentence.strip()) == (429, upload.BUSY)
    writer.close()
    await until(lambda: not served.server.site.upload.busy)
    assert (await send(served, picture()))[0] == 204
    assert not served.refused['failure']


@on_a_loop
async def test_the_viewer_ends_while_a_picture_is_sent(served, viewer):
    writer = await begun(served)
    # Bounded by the test: aiohttp itself would wait for a minute.
    await asyncio.wait_for(asyncio.to_thread(served.server.stop), 30)
    writer.close()


@on_a_loop
async def test_too_many_pictures_are_refused(served, viewer, monkeypatch):
    now = time.monotonic()
    monkeypatch.setattr(served.server.site.upload._rate, '_clock', lambda: now)
    statuses = [(await send(served, picture()))[0] for _ in range(7)]
    assert statuses == [204] * 5 + [429] * 2


@on_a_loop
async def test_a_picture_on_which_the_viewer_fails_is_reported_alone(serve):
    reported = []
    served = serve(on_error=reported.append)
    viewer = Viewer()
    served.server.hub.offer_pictures(viewer, Shown(offered=True))
    viewer.shown = None
    assert (await send(served, picture()))[0] == 500
    assert [type(error) for error in reported] == [AttributeError]
    assert served.refused['failure'] == 1
    viewer.shown = []
    assert (await send(served, picture()))[0] == 204


@on_a_loop
async def test_pages_are_told_what_is_shown_and_ask_for_the_camera(served, viewer):
    async with served.client() as page:
        told = await page.text('picture')
        assert (told['offered'], told['name'], told['camera']) == (True, None, True)
        assert told['largest'] == pictures.LARGEST_FILE
        served.call('offer_pictures', viewer, Shown(offered=True, name='cup.png', camera=False))
        told = await page.text('picture')
        assert (told['name'], told['camera']) == ('cup.png', False)
        await page.send('show_camera')
        await until(lambda: viewer.camera)


@on_a_loop
async def test_a_page_of_a_robots_camera_is_told_that_it_takes_none(served):
    async with served.client() as page:
        assert (await page.text('picture'))['offered'] is False
        await page.send('show_camera')
        await page.send('clear')
        await until(lambda: served.backend.cleared)


@pytest.mark.parametrize(
    ('given', 'name'),
    [
        ('cup.png', 'cup.png'),
        ('../../etc/passwd', 'passwd'),
        ('a\x1b[31m\r\nb.png', 'a[31mb.png'),
        ('x' * 300 + '.jpg', 'x' * 96 + '.jpg'),
        ('', ''),
    ],
)
def test_of_a_name_the_last_part_is_kept_as_far_as_it_can_be_printed(given, name):
    assert clean_name(given) == name
