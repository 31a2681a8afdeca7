"""What the server of the page of prompts answers and refuses, over HTTP."""

import asyncio
import errno
import threading

import cv2
import numpy as np
import pytest
from helpers.prompt_page import ADVICE
from helpers.review_project import HEIGHT, WIDTH, centre_of, frame
from helpers.viewer_server import on_a_loop

from picosam_ros.errors import PromptError, ViewerError
from picosam_ros.frame import Frame
from picosam_ros.label_pages import bodies
from picosam_ros.prompt import Box, Point
from picosam_ros.prompting import store
from picosam_ros.prompting.prompting import Prompting
from picosam_ros.sequences.base import SequenceImage


def on_disc(number=3, recording='kitchen', **options):
    """Return a prompt on the disc of an image."""
    x, y = centre_of(number)
    points = [{'x': x, 'y': y}]
    return {
        'recording': recording,
        'image': number,
        'object': 0,
        'name': 'ball',
        'points': points,
    } | options


def middle_of(label):
    return np.concatenate([np.reshape(curve, (-1, 2)) for curve in label['outline']]).mean(axis=0)


class Surprise(TypeError):
    """What nobody expects."""


def surprise(*_):
    raise Surprise('nobody expects it')


@on_a_loop
async def test_the_page_is_told_recordings_and_prompts(serve):
    served = serve('kitchen', 'garden')
    await served.post('prompt', on_disc())
    status, state = await served.get('state')
    assert status == 200
    assert state['title'] == 'fruit'
    assert state['recordings'] == [{'name': name, 'images': 200} for name in ('kitchen', 'garden')]
    [ball] = state['objects']
    assert (ball['object'], ball['name']) == (1, 'ball')
    [prompt] = ball['prompts']
    assert (prompt['pattern'], prompt['image'], prompt['everywhere']) == ('kitchen', 3, False)


@on_a_loop
async def test_a_click_is_answered_with_the_mask_and_is_on_the_disk(serve):
    served = serve()
    status, answer = await served.post('prompt', on_disc())
    assert status == 200
    assert middle_of(answer['label']) == pytest.approx(centre_of(3), abs=2)
    [key] = served.keys['kitchen']
    assert (key.image, key.name, key.prompt.object_id) == (3, 'ball', 1)
    assert key.prompt.points == (Point(*centre_of(3)),)


@on_a_loop
async def test_further_prompts_of_an_object_are_for_other_images(serve):
    served = serve()
    await served.post('prompt', on_disc())
    x, y = centre_of(9)
    box = {'x0': x - 25, 'y0': y - 25, 'x1': x + 25, 'y1': y + 25}
    status, answer = await served.post('prompt', on_disc(9, object=1, points=[], box=box))
    assert (status, answer['label']['object']) == (200, 1)
    assert middle_of(answer['label']) == pytest.approx(centre_of(9), abs=2)
    [first, second] = served.keys['kitchen']
    assert (first.image, second.image) == (3, 9)
    assert second.prompt.box == Box(*box.values())


@on_a_loop
async def test_an_image_has_the_masks_of_its_prompts_those_of_all_recordings_too(serve):
    served = serve('kitchen', 'garden')
    await served.post('prompt', on_disc(everywhere=True))
    await served.post('prompt', on_disc())
    for recording, objects in (('kitchen', [1, 2]), ('garden', [1])):
        status, image = await served.get(f'masks/{recording}/3')
        assert (status, image['width'], image['height']) == (200, WIDTH, HEIGHT)
        assert [one['object'] for one in image['labels']] == objects
        assert middle_of(image['labels'][0]) == pytest.approx(centre_of(3), abs=2)
    assert (await served.get('masks/kitchen/4'))[1]['labels'] == []


@on_a_loop
async def test_a_prompt_that_finds_nothing_in_another_recording_is_told_there(serve):
    served = serve('kitchen', 'garden')
    await served.post('prompt', on_disc(everywhere=True))
    black = Frame(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    served.recordings.sequences['garden'].images = lambda _: iter([SequenceImage(3, black, 3)])
    _, image = await served.get('masks/garden/3')
    [label] = image['labels']
    assert label['outline'] == []
    assert label['doubt']


@on_a_loop
async def test_an_image_is_a_jpeg_of_its_own_size(serve):
    status, jpeg = await serve().get('image/kitchen/3.jpg')
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert status == 200
    assert np.abs(pixels.astype(int) - frame(3).pixels).mean() < 3


@on_a_loop
async def test_names_scopes_and_removals_are_on_the_disk(serve):
    served = serve('kitchen', 'garden')
    await served.post('prompt', on_disc())
    place = {'object': 1, 'pattern': 'kitchen', 'image': 3}
    await served.post('name', {'object': 1, 'name': ' apple '})
    assert served.keys['kitchen'][0].name == 'apple'
    _, changed = await served.post('scope', place | {'recording': 'kitchen', 'everywhere': True})
    assert changed['objects'][0]['prompts'][0]['everywhere']
    assert len(served.keys['garden']) == 1
    status, _ = await served.post('remove', place)
    assert status == 422
    _, changed = await served.post('remove', place | {'pattern': '*'})
    assert changed == {'objects': []}
    assert not served.path.exists()
    await served.post('prompt', on_disc())
    _, changed = await served.post('remove', {'object': 1})
    assert changed == {'objects': []}


@on_a_loop
async def test_label_is_refused_without_an_object_and_then_ends_the_page(serve):
    served = serve()
    status, told = await served.post('label', {})
    assert (status, served.review.finished) == (422, False)
    assert b'there is no object yet' in told
    await served.post('prompt', on_disc())
    assert await served.post('label', {}) == (200, {'advice': ADVICE})
    assert served.review.finished


@pytest.mark.parametrize(
    ('path', 'content', 'sentence'),
    [
        ('prompt', [], 'body is a JSON list; send an object'),
        ('prompt', on_disc(points=[{'x': 300, 'y': 200}]), 'nothing is found there'),
        ('prompt', on_disc(points=[{'x': 1e6, 'y': 0}]), 'is outside of the image'),
        ('prompt', on_disc(points=[]), 'no positive point and no box'),
        ('prompt', on_disc(points=[{'x': 1, 'y': 1}] * 65), 'a list of up to 64'),
        ('prompt', on_disc(object=255), 'object 255 is invalid'),
        ('prompt', on_disc(object=7), 'object 7 is not there'),
        ('prompt', on_disc(name='a\nb'), 'write a text of one line'),
        ('prompt', on_disc(name='x' * 61), 'a text of up to 60'),
        ('prompt', on_disc(box=[1, 2, 3, 4]), 'box [[1, 2, 3, 4]] is invalid'),
        ('prompt', on_disc(box={'x0': 9, 'y0': 0, 'x1': 1, 'y1': 1}), 'is empty'),
        ('prompt', on_disc(recording='attic'), "recording 'attic' is none of those"),
        ('prompt', on_disc(200), 'recording kitchen has images 0 to 199'),
        ('scope', {'object': 1, 'pattern': '*', 'image': 0, 'recording': 'kitchen'},
         'everywhere None is invalid'),
        ('name', {'object': 0, 'name': 'x'}, 'object 0 is invalid'),
        ('remove', {'object': 1}, 'object 1 is not there'),
    ],
)  # fmt: skip
@on_a_loop
async def test_what_cannot_be_is_refused_with_a_sentence_and_changes_nothing(
    serve, path, content, sentence
):
    served = serve()
    status, told = await served.post(path, content)
    assert (status, served.keys) == (422, {})
    assert sentence in told.decode()
    assert served.server.site.refused['requests'] == 1


@on_a_loop
async def test_an_image_that_cannot_be_read_is_told_and_the_next_one_comes(serve):
    served = serve(refused=(3,))
    status, told = await served.get('image/kitchen/3.jpg')
    assert status == 422
    assert b'half a JPEG' in told
    assert (await served.get('image/kitchen/4.jpg'))[0] == 200


@on_a_loop
async def test_a_prompt_that_cannot_be_written_is_told_and_the_next_one_is_taken(
    serve, monkeypatch
):
    served = serve()

    def full(*_):
        raise OSError(errno.ENOSPC, 'No space left on device')

    with monkeypatch.context() as patch:
        patch.setattr(store, 'replace_file', full)
        status, told = await served.post('prompt', on_disc())
    assert status == 422
    assert b'the change does not count' in told
    assert (await served.get('state'))[1]['objects'] == []
    assert (await served.post('prompt', on_disc()))[1]['label']['object'] == 1


@pytest.mark.parametrize(
    ('path', 'content', 'owner', 'name'),
    [
        ('prompt', on_disc(), '_store', 'save'),
        ('prompt', on_disc(), '_images', 'picture'),
        ('prompt', on_disc(), '_masks', 'found'),
    ],
)
@on_a_loop
async def test_an_error_in_a_thread_is_told_to_the_page_and_the_owner_and_the_next_is_answered(
    serve, monkeypatch, path, content, owner, name
):
    errors = []
    served = serve(on_error=errors.append)
    with monkeypatch.context() as patch:
        patch.setattr(getattr(served.server.site, owner), name, surprise)
        status, told = await served.post(path, content)
    assert status == 500
    assert b'its log has the error: Surprise: nobody expects it' in told
    assert [type(error) for error in errors] == [Surprise]
    assert (await served.post(path, content))[0] == 200


@on_a_loop
async def test_other_web_pages_can_neither_ask_nor_show_anything(serve):
    served = serve()
    for headers in ({'Host': 'evil.example'}, {'Origin': 'http://evil.example'}):
        assert (await served.post('prompt', on_disc(), headers=headers))[0] == 403
        assert (await served.post('label', {}, headers=headers))[0] == 403
        assert (await served.get('image/kitchen/3.jpg', headers=headers))[0] == 403
    kind = {'Content-Type': 'text/plain'}
    for path in ('prompt', 'scope', 'name', 'remove', 'label'):
        assert (await served.post(path, on_disc(), headers=kind))[0] == 415
    headers = await served.headers('image/kitchen/3.jpg')
    assert headers['Cross-Origin-Resource-Policy'] == 'same-origin'
    assert "default-src 'none'" in headers['Content-Security-Policy']
    assert (served.keys, served.review.finished) == ({}, False)


@on_a_loop
async def test_a_body_that_is_too_large_is_refused(serve):
    status, _ = await serve().post('prompt', {'fill': 'x' * bodies.LARGEST_BODY})
    assert status == 413


@on_a_loop
async def test_an_address_that_others_can_reach_needs_the_token(serve):
    served = serve(address='0.0.0.0')
    assert (await served.get('state'))[0] == 401
    assert (await served.post('label', {}))[0] == 401
    assert (await served.get('state', params={'token': served.server.token}))[0] == 200


@on_a_loop
async def test_the_files_of_the_page_are_served_and_no_others(serve):
    served = serve()
    for name in ('', 'main.js', 'server.js', 'canvas.js', 'prompting.css', 'style.css'):
        assert (await served.get(name))[0] == 200
    for name in ('hub.js', 'index.html', '../site.py', 'prompts.yaml'):
        assert (await served.get(name))[0] == 404


def test_a_recording_or_a_file_that_cannot_be_read_is_told_before_anything_is_served(
    serve, tmp_path
):
    (tmp_path / 'prompts.yaml').write_text('- {points: 1}\n')
    with pytest.raises(PromptError, match=r'prompts\.yaml, line 1, entry 1'):
        serve()


def test_a_server_that_ended_by_an_error_is_told(serve):
    served = serve()
    served.review.report()
    served.server.fault = 'the web server ended'
    with pytest.raises(ViewerError, match='the web server ended'):
        served.review.report()


def test_all_is_closed_in_the_end(serve):
    served = serve()
    assert isinstance(served.review, Prompting)
    asyncio.run(served.get('image/kitchen/3.jpg'))
    served.review.close()
    served.review.close()
    assert served.recordings.sequences['kitchen'].threads['closed'] == 'picosam_images_0'
    names = {thread.name.rpartition('_')[0] for thread in threading.enumerate()}
    assert not names & {'picosam_answers', 'picosam_images', 'picosam_engine'}
