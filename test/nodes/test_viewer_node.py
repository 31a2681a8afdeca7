"""The viewer beside a segmenter, on real DDS; the page itself is tested in a browser."""

import itertools

import numpy as np
import pytest
from helpers.rig import HEIGHT, WIDTH, picture
from std_msgs.msg import Header

from picosam_ros.msg import Prompt, PromptStatus
from picosam_ros.ros.messages import from_time

pytest.importorskip('aiohttp', reason='the viewer needs aiohttp: pip install aiohttp')

from helpers.socket_page import SocketPage
from helpers.viewer_rig import (
    CENTRE,
    answered,
    centre_of,
    masked,
    page_of,
    seen,
    stamp_of,
    told,
    viewer_beside,
)


@pytest.fixture(scope='module')
def viewer(started):
    with viewer_beside(started.process) as viewer:
        yield viewer


@pytest.fixture
def page(rig, viewer):
    with page_of(viewer, rig) as page:
        yield page


def test_a_click_becomes_a_mask_on_the_object(rig, page):
    frame = seen(rig, page)
    assert (frame['width'], frame['height']) == (WIDTH, HEIGHT)
    page.send('point', tag=1, x=CENTRE[0] + 3, y=CENTRE[1], stamp=frame['stamp'])
    answer = answered(rig, page, 1)
    assert (answer['tag'], answer['state']) == (1, 'accepted')
    [mask] = seen(rig, page, masked(answer['object']))['masks']
    assert mask['generation'] == answer['generation']
    assert mask['engine'] == 'host'
    assert centre_of(mask) == pytest.approx(CENTRE, abs=1)


def test_a_click_is_for_the_image_that_was_clicked_into(rig, page):
    frame = seen(rig, page)
    rig.inboxes['prompt_status'].clear()
    page.send('point', tag=1, x=CENTRE[0], y=CENTRE[1], stamp=frame['stamp'])
    [status] = rig.wait_for(lambda: list(rig.inboxes['prompt_status']))
    assert from_time(status.header.stamp) == int(frame['stamp'])


def test_masks_of_an_image_that_is_shown_come_without_an_object(rig, page):
    frame = seen(rig, page)
    on_it, beside = {'x': CENTRE[0], 'y': CENTRE[1]}, {'x': CENTRE[0] + 5, 'y': CENTRE[1]}
    page.send(
        'preview',
        tag=1,
        stamp=frame['stamp'],
        prompts=[{'points': [on_it]}, {'points': [on_it, beside]}],
    )
    shown = told(rig, page, 'preview')
    assert (shown['tag'], shown['stamp'], shown['reason']) == (1, frame['stamp'], '')
    assert [mask['object'] for mask in shown['masks']] == [1, 2]
    assert centre_of(shown['masks'][0]) == pytest.approx(CENTRE, abs=1)
    assert not rig.inboxes['prompt_status']
    assert not rig.show(picture(CENTRE)).masks.masks


def test_masks_of_an_image_that_is_gone_are_refused_in_words(rig, page):
    page.send('preview', tag=2, stamp='7', prompts=[{'points': [{'x': 1, 'y': 1}]}])
    refused = told(rig, page, 'preview')
    assert (refused['tag'], refused['masks']) == (2, [])
    assert 'the image of stamp 0.000000007 is not kept' in refused['reason']


def elsewhere(rig, seconds):
    """Show images of so many seconds, by their stamps, with the object at another place."""
    for _ in range(10 * seconds):
        rig._stamp_ns += 100_000_000
        rig.show(picture((250, 160)))


def late_click(rig, viewer, shown):
    """Click into an old image that a slow browser still shows; return its stamp and the answer."""
    with SocketPage(viewer.url, slow=True) as slow:
        # The newest one of those that the other page shows.
        stamp = rig.wait_for(lambda: list(slow.frames))[0]['stamp']
        # The node has the image by now, and is told from then on that it is looked at.
        rig.settle()
        shown.clear()
        rig.wait_for(lambda: any(str(from_time(header.stamp)) == stamp for header in shown))
        elsewhere(rig, seconds=4)
        slow.send('point', tag=1, x=CENTRE[0], y=CENTRE[1], stamp=stamp)
        return stamp, answered(rig, slow, 1)


def test_a_late_click_is_answered_on_the_image_that_a_slow_browser_still_shows(rig, viewer, page):
    shown = rig.subscribe(Header, 'shown')
    # A machine that stands still for a second has the node forget what is looked at.
    for _ in range(5):
        rig.fresh()
        stamp, answer = late_click(rig, viewer, shown)
        if not answer['reason']:
            break
    shown.close()
    assert (answer['state'], answer['reason']) == ('accepted', '')

    def late():
        rig.images.publish(rig.image(picture((250, 160))))
        of_click = [m for m in rig.inboxes['masks'] if m.masks and stamp_of(m) == stamp]
        return [mask for message in of_click for mask in message.masks]

    assert {mask.object_id for mask in rig.wait_for(late)} == {answer['object']}


def test_a_late_click_into_an_image_that_is_gone_is_for_the_newest_and_the_page_is_told(rig, page):
    seen(rig, page)
    # Of an image that was never there: stamps may follow each other by a nanosecond.
    gone = str(from_time(rig.header().stamp))
    elsewhere(rig, seconds=4)
    page.send('point', tag=1, x=250, y=160, stamp=gone)
    assert answered(rig, page, 1)['state'] == 'accepted'
    notice = told(rig, page, 'notice')['text']
    assert notice.startswith('Answered on the newest image, not on the one that was clicked: stamp')


@pytest.mark.parametrize('step', [1, -1])
def test_a_step_to_another_size_is_asked_for_the_image_and_object_that_were_shown(
    rig, viewer, page, step
):
    rig.set(CENTRE, object_id=7)
    frame = seen(rig, page, masked(7))
    [mask] = frame['masks']
    assert mask['candidates'] == 1
    prompts = rig.subscribe(Prompt, 'prompt')
    rig.known_to(viewer.name)
    page.send('size', tag=2, object=7, step=step, stamp=frame['stamp'])
    answer = answered(rig, page, 2)
    # The rig's network has one answer. What it asks for is right nevertheless.
    assert (answer['state'], answer['object']) == ('refused', 7)
    assert 'does not take a size_step' in answer['reason']
    [asked] = rig.wait_for(lambda: list(prompts))
    prompts.close()
    assert (asked.action, asked.object_id, asked.size_step) == (Prompt.REFINE, 7, step)
    assert not asked.points
    assert from_time(asked.header.stamp) == int(frame['stamp'])


def test_every_mask_is_shown_on_the_image_that_it_was_computed_from(rig, page):
    rig.set((WIDTH // 2, HEIGHT // 2), roi_size=2 * WIDTH)
    columns, numbers = {}, itertools.cycle(range(60))

    def shown():
        number = next(numbers)
        image = rig.image(picture((40 + 4 * number, 120), radius=25))
        columns[str(from_time(image.header.stamp))] = 40 + 4 * number
        rig.images.publish(image)
        return [frame for frame in page.frames if frame['stamp'] in columns and frame['masks']]

    def enough():
        frames = shown()
        return frames if len(frames) >= 5 else None

    for frame in rig.wait_for(enough):
        [mask] = frame['masks']
        assert centre_of(mask)[0] == pytest.approx(columns[frame['stamp']], abs=3)
    # What comes now was sent after all those.
    seen(rig, page)
    stamps = [int(frame['stamp']) for frame in page.frames]
    assert stamps == sorted(stamps)


def test_a_box_and_a_second_object_and_their_removal(rig, page):
    left, right = (60, 120), (260, 120)
    pixels = np.maximum(picture(left), picture(right))
    page.send('box', tag=1, x0=35, y0=95, x1=85, y1=145)
    page.send('point', tag=2, x=right[0], y=right[1])
    first, second = (answered(rig, page, tag)['object'] for tag in (1, 2))
    frame = seen(rig, page, masked(first, second), pixels)
    centres = {mask['object']: centre_of(mask) for mask in frame['masks']}
    assert centres[first] == pytest.approx(left, abs=1)
    assert centres[second] == pytest.approx(right, abs=1)
    page.send('remove', tag=3, object=first)
    answered(rig, page, 3)
    page.frames.clear()
    seen(rig, page, masked(second), pixels)


def test_a_point_in_a_box_is_refused_with_the_engines_reason(rig, page):
    page.send('box', tag=1, x0=120, y0=70, x1=180, y1=130)
    number = answered(rig, page, 1)['object']
    page.send('point', tag=2, x=10, y=10, object=number, positive=False, refine=True)
    answer = answered(rig, page, 2)
    assert answer['state'] == 'refused'
    assert 'does not take a box together with points' in answer['reason']


def test_a_refusal_is_a_status_of_the_segmenter_too(rig, page):
    rig.inboxes['prompt_status'].clear()
    page.send('point', tag=1, x=WIDTH + 10, y=5)
    answer = answered(rig, page, 1)
    assert answer['state'] == 'refused'
    assert 'is outside of the image' in answer['reason']
    [status] = rig.wait_for(lambda: list(rig.inboxes['prompt_status']))
    assert status.state == PromptStatus.REFUSED
