"""What the page's server answers and refuses, over HTTP."""

import asyncio
import errno
import os
import socket
import threading

import cv2
import numpy as np
import pytest
from helpers.review_project import (
    ADVICE,
    HEIGHT,
    JUMPED,
    PATIENCE,
    SHRANK,
    WIDTH,
    DiscProject,
    centre_of,
    disc,
    doubted,
    frame,
    label,
    until,
)
from helpers.viewer_server import on_a_loop

from picosam_ros.errors import OutputError, ViewerError
from picosam_ros.label_pages import bodies, threads
from picosam_ros.labelling.decisions import Decisions
from picosam_ros.review.review import Review

KITCHEN = {'recording': 'kitchen', 'number': 3}
ACCEPTED, REJECTED = KITCHEN | {'accepted': True}, KITCHEN | {'accepted': False}


def decided(served):
    """Return the decisions that are on the disk, by number of their image."""
    known = Decisions(served.project.decided).by_image()
    return {image: one for (_, image), one in known.items()}


def point(number, **options):
    x, y = centre_of(number)
    return {'x': x, 'y': y, **options}


READING = 'picosam_images_0'


class Surprise(TypeError):
    """What nobody expects."""

    def __init__(self):
        super().__init__('nobody expects it')


def surprise(*_):
    raise Surprise


@on_a_loop
async def test_the_page_is_told_what_there_is_and_what_was_answered(serve):
    served = serve(doubted(3), doubted(7), doubted(3, recording='garden'))
    await served.post('decision', ACCEPTED)
    status, state = await served.get('state')
    assert status == 200
    assert state['title'] == 'fruit'
    assert state['advice'] == ADVICE
    assert state['recordings'] == ['kitchen', 'garden']
    assert state['images'] == [[0, 3], [0, 7], [1, 3]]
    assert state['answers'] == [[0, 'accepted']]
    assert (state['changes'], state['last_step']) == (1, 1)


@on_a_loop
async def test_who_knows_the_rest_is_told_what_changed_and_after_a_new_start_all(serve):
    served = serve(doubted(3), doubted(7))
    _, state = await served.get('state')
    since = {'session': state['session'], 'since': str(state['changes'])}
    _, same = await served.get('state', params=since)
    assert same == {'session': state['session'], 'changes': 0, 'last_step': 0, 'answers': []}
    await served.post('decision', REJECTED)
    _, changed = await served.get('state', params=since)
    assert changed['answers'] == [[0, 'rejected']]
    assert 'images' not in changed
    _, anew = await served.get('state', params=since | {'session': 'of before'})
    assert anew['images']


@on_a_loop
async def test_labels_come_with_outlines_in_pixels_of_the_image_and_doubts_as_sentences(serve):
    served = serve(doubted(3, label(1, disc(200, 60), JUMPED), label(2, None, 'it is gone')))
    status, image = await served.get('labels/kitchen/3')
    assert status == 200
    assert (image['width'], image['height']) == (WIDTH, HEIGHT)
    assert image['doubts'] == [f'ball 1: {JUMPED}', 'ball 2: it is gone']
    one, gone = image['labels']
    curve = np.reshape(one['outline'][0], (-1, 2))
    assert curve.mean(axis=0) == pytest.approx((200, 60), abs=1)
    assert (gone['counts'], gone['outline']) == ('', [])


@on_a_loop
async def test_an_image_is_a_jpeg_of_its_own_size(serve):
    served = serve(doubted(3))
    status, jpeg = await served.get('image/kitchen/3.jpg')
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert status == 200
    assert np.abs(pixels.astype(int) - frame(3).pixels).mean() < 3


@on_a_loop
async def test_a_recording_of_any_name_has_a_path(serve):
    name = 'küche ?#%/ 1'
    served = serve(doubted(3, recording=name))
    quoted = 'k%C3%BCche%20%3F%23%25%2F%201'
    for path in (f'labels/{quoted}/3', f'image/{quoted}/3.jpg'):
        assert (await served.get(path))[0] == 200


@on_a_loop
async def test_a_decision_is_on_the_disk_before_it_is_answered_with_the_corrected_labels(serve):
    served = serve(doubted(3, label(1, disc(200, 60), JUMPED), label(2, disc(90, 90), JUMPED)))
    moved = label(1, disc(60, 60)).counts
    changed = [{'object': 1, 'counts': moved, 'score': 0.5}, {'object': 2, 'counts': ''}]
    status, taken = await served.post('decision', ACCEPTED | {'labels': changed})
    [decision] = decided(served).values()
    assert (status, taken['step'], taken['answers']) == (200, 1, [[0, 'accepted']])
    assert [one.counts for one in decision.labels] == [moved, '']
    _, image = await served.get('labels/kitchen/3')
    assert [one['counts'] for one in image['labels']] == [moved, '']


@on_a_loop
async def test_what_follows_with_the_same_doubt_is_one_step_that_is_taken_back_at_once(serve):
    served = serve(*(doubted(number) for number in (3, 4, 5)), doubted(6, doubt=SHRANK))
    _, taken = await served.post('decision', ACCEPTED | {'alike': True})
    assert taken['count'] == 3
    assert decided(served).keys() == {3, 4, 5}
    status, undone = await served.post('undo', {'step': taken['step']})
    assert (status, undone['places'], decided(served)) == (200, [0, 1, 2], {})
    status, told = await served.post('undo', {'step': taken['step']})
    assert status == 422
    assert b'taken back already' in told


@on_a_loop
async def test_a_correction_is_computed_and_decides_nothing(serve):
    served = serve(doubted(3, label(1, disc(200, 60), JUMPED)))
    content = KITCHEN | {'object': 1, 'counts': label(1, disc(200, 60)).counts}
    status, corrected = await served.post('correction', content | {'points': [point(3)]})
    assert status == 200
    curve = np.reshape(corrected['outline'][0], (-1, 2))
    assert curve.mean(axis=0) == pytest.approx(centre_of(3), abs=2)
    assert decided(served) == {}


@pytest.mark.parametrize(
    ('path', 'content', 'sentence'),
    [
        ('decision', [], 'body is a JSON list; send an object'),
        ('decision', KITCHEN, 'accepted None is invalid'),
        ('decision', ACCEPTED | {'number': 4}, "image 4 of recording 'kitchen' is not in doubt"),
        ('decision', ACCEPTED | {'number': -1}, 'number -1 is invalid'),
        ('decision', ACCEPTED | {'recording': ['a']}, "recording ['a'] is invalid"),
        ('decision', ACCEPTED | {'labels': {}}, 'labels {} is invalid'),
        ('decision', ACCEPTED | {'labels': [1]}, 'labels [1] is invalid'),
        ('decision', ACCEPTED | {'labels': [{'object': 2}]}, 'object 2 was given; the image has 1'),
        (
            'decision',
            ACCEPTED | {'labels': [{'object': 1, 'counts': '\u2026'}]},
            'compressed run lengths are damaged',
        ),
        (
            'decision',
            ACCEPTED | {'labels': [{'object': 1, 'counts': 'PPYo1'}]},
            'run lengths cover',
        ),
        ('undo', {'step': 0}, 'step 0 is invalid'),
        ('correction', KITCHEN | {'object': 1}, 'no points were given'),
        ('correction', KITCHEN | {'object': 1, 'points': [point(3)] * 65}, 'a list of up to 64'),
        (
            'correction',
            KITCHEN | {'object': 1, 'points': [{'x': 1e9, 'y': 0}]},
            'is outside of the image',
        ),
        (
            'correction',
            KITCHEN | {'object': 1, 'points': [point(3), point(3, positive=False)]},
            'nothing is left of object 1',
        ),
    ],
)
@on_a_loop
async def test_what_cannot_be_is_refused_with_a_sentence_and_changes_nothing(
    serve, path, content, sentence
):
    served = serve(doubted(3))
    status, told = await served.post(path, content)
    assert (status, decided(served)) == (422, {})
    assert sentence in told.decode()
    assert served.server.site.refused['requests'] == 1


@pytest.mark.parametrize('path', ['labels/kitchen/4', 'image/kitchen/4.jpg', 'image/other/3.jpg'])
@on_a_loop
async def test_images_that_are_not_in_doubt_are_not_served(serve, path):
    served = serve(doubted(3))
    status, told = await served.get(path)
    assert status == 422
    assert b'is not in doubt' in told


@on_a_loop
async def test_an_image_that_cannot_be_read_is_told_and_can_be_rejected(serve):
    served = serve(doubted(3), doubted(4), refused=(3,))
    status, told = await served.get('image/kitchen/3.jpg')
    assert status == 422
    assert b'half a JPEG' in told
    assert (await served.get('labels/kitchen/3'))[0] == 200
    assert (await served.post('decision', REJECTED))[0] == 200
    assert (await served.get('image/kitchen/4.jpg'))[0] == 200


@on_a_loop
async def test_a_decision_that_cannot_be_written_is_told_and_the_next_one_is_taken(
    serve, monkeypatch
):
    served = serve(doubted(3))

    def full(*_):
        raise OSError(errno.ENOSPC, 'No space left on device')

    with monkeypatch.context() as patch:
        patch.setattr(os, 'pwrite', full)
        status, told = await served.post('decision', ACCEPTED)
    assert status == 422
    assert b'cannot be written: no space left on device; the decision does not count' in told
    assert (await served.get('state'))[1]['answers'] == []
    assert (await served.post('decision', ACCEPTED))[0] == 200


@pytest.mark.parametrize(
    ('method', 'path', 'content', 'owner', 'name'),
    [
        ('GET', 'state', None, '_queue', 'answers'),
        ('POST', 'decision', ACCEPTED, '_queue', 'accept'),
        ('GET', 'image/kitchen/3.jpg', None, '_images', 'picture'),
        ('POST', 'correction', KITCHEN | {'object': 1, 'points': [point(3)]}, '_corrector',
         'correct'),
    ],
)  # fmt: skip
@on_a_loop
async def test_an_error_in_a_thread_is_told_to_the_page_and_the_owner_and_the_next_is_answered(
    serve, monkeypatch, method, path, content, owner, name
):
    errors = []
    served = serve(doubted(3), on_error=errors.append)

    async def ask():
        return await (served.get(path) if method == 'GET' else served.post(path, content))

    with monkeypatch.context() as patch:
        patch.setattr(getattr(served.server.site, owner), name, surprise)
        status, told = await ask()
    assert status == 500
    assert b'its log has the error: Surprise: nobody expects it' in told
    assert [type(error) for error in errors] == [Surprise]
    assert served.server.site.refused['failure'] == 1
    assert (await ask())[0] == 200
    assert served.server.fault == ''


@on_a_loop
async def test_other_web_pages_can_neither_ask_nor_show_anything(serve):
    served = serve(doubted(3))
    for headers in ({'Host': 'evil.example'}, {'Origin': 'http://evil.example'}):
        assert (await served.post('decision', ACCEPTED, headers=headers))[0] == 403
        assert (await served.get('image/kitchen/3.jpg', headers=headers))[0] == 403
    headers = await served.headers('image/kitchen/3.jpg')
    assert headers['Cross-Origin-Resource-Policy'] == 'same-origin'
    assert headers['X-Content-Type-Options'] == 'nosniff'
    assert "default-src 'none'" in headers['Content-Security-Policy']
    assert decided(served) == {}


@pytest.mark.parametrize('kind', ['text/plain', 'application/x-www-form-urlencoded', ''])
@on_a_loop
async def test_a_body_that_other_web_pages_could_send_is_refused(serve, kind):
    served = serve(doubted(3))
    status, told = await served.post('decision', ACCEPTED, headers={'Content-Type': kind})
    assert status == 415
    assert b'application/json' in told
    assert decided(served) == {}


@on_a_loop
async def test_a_body_that_is_too_large_or_no_json_is_refused(serve):
    served = serve(doubted(3))
    status, told = await served.post('decision', {'fill': 'x' * bodies.LARGEST_BODY})
    assert status == 413
    assert b'a body has up to 4194304 bytes' in told
    for body in (b'{', b'[' * 100_000, b'\xff'):
        status, told = await served.send('decision', body)
        assert status == 422
        assert b'is not JSON' in told


@on_a_loop
async def test_a_body_that_does_not_arrive_is_not_waited_for(serve, monkeypatch):
    monkeypatch.setattr(bodies, 'TIMEOUT_S', 0.05)
    served = serve(doubted(3))
    reader, writer = await asyncio.open_connection('127.0.0.1', served.server.port)
    writer.write(
        b'POST /decision HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n'
        b'Content-Length: 9\r\n\r\n{'
    )
    assert b'408' in await reader.readline()
    writer.close()


@on_a_loop
async def test_an_address_that_others_can_reach_needs_the_token(serve):
    served = serve(doubted(3), address='0.0.0.0')
    assert (await served.get('state'))[0] == 401
    assert (await served.post('decision', ACCEPTED))[0] == 401
    assert (await served.get('state', params={'token': served.server.token}))[0] == 200


@on_a_loop
async def test_clicks_that_come_faster_than_the_engine_are_refused_in_the_end(serve, monkeypatch):
    monkeypatch.setattr(threads, 'MOST_WAITING', 2)
    served = serve(doubted(3))
    gate, corrector = threading.Event(), served.server.site._corrector
    real = corrector.correct

    def slow(*given):
        assert gate.wait(PATIENCE)
        return real(*given)

    monkeypatch.setattr(corrector, 'correct', slow)
    content = KITCHEN | {'object': 1, 'points': [point(3)]}
    asked = [asyncio.create_task(served.post('correction', content)) for _ in range(2)]
    await until(lambda: served.server.site._threads.waiting == 2)
    # Meanwhile all else is answered.
    assert (await served.get('labels/kitchen/3'))[0] == 200
    assert (await served.get('image/kitchen/3.jpg'))[0] == 200
    assert (await served.post('decision', ACCEPTED))[0] == 200
    assert (await served.post('correction', content))[0] == 429
    gate.set()
    assert [status for status, _ in await asyncio.gather(*asked)] == [200, 200]


@on_a_loop
async def test_the_files_of_the_page_are_served_and_no_others(serve):
    served = serve(doubted(3))
    page = (await served.get(''))[1].decode()
    for name in ('main.js', 'canvas.js', 'pole.js', 'review.css', 'style.css', 'icon.svg'):
        assert (await served.get(name))[0] == 200
    assert 'main.js' in page
    for name in ('hub.js', 'index.html', '../site.py', 'decisions.jsonl'):
        assert (await served.get(name))[0] == 404


def test_a_page_of_the_same_project_is_refused_while_there_is_one(serve, tmp_path, tiny_network):
    serve(doubted(3))
    second = Review(DiscProject(tmp_path, tiny_network(), [doubted(3)]))
    with pytest.raises(OutputError, match='another program is writing to'):
        second.open()
    second.close()


def test_a_server_that_ended_by_an_error_is_told(serve):
    served = serve(doubted(3))
    served.review.report()
    served.server.fault = 'the web server ended'
    with pytest.raises(ViewerError, match='the web server ended'):
        served.review.report()


def test_all_is_closed_in_the_end(serve):
    served = serve(doubted(3))
    asyncio.run(served.get('image/kitchen/3.jpg'))
    served.review.close()
    served.review.close()
    assert served.project.sequences['kitchen'].threads == {'opened': READING, 'closed': READING}
    with socket.create_server(('127.0.0.1', served.server.port)):
        pass
    names = {thread.name.rpartition('_')[0] for thread in threading.enumerate()}
    assert not names & {'picosam_answers', 'picosam_images', 'picosam_engine'}
