"""The picker of cameras: two real cameras in namespaces, one viewer, a real browser."""

import contextlib
import re

import pytest
from helpers.harness import Client, Process
from std_msgs.msg import String
from std_srvs.srv import Trigger

from picosam_ros.msg import MaskArray, PromptStatus
from picosam_ros.ros.messages import from_time

pytest.importorskip('aiohttp', reason='the viewer needs aiohttp: pip install aiohttp')
from helpers.chromium import CHROMIUM_IS_HERE, expect
from helpers.page import LATCHED, click, disc_camera, discs, found_on

pytestmark = CHROMIUM_IS_HERE

# In the picture of each camera, from left to right.
FRONT, REAR = ((200, 240), (320, 240), (440, 240)), ((160, 120), (480, 360))


@pytest.fixture(scope='module')
def viewer():
    """Run a viewer in a namespace that has no camera of its own, but some in namespaces below."""
    with Process('viewer', {'port': 0}, remaps={'image': 'image_raw'}) as process:
        client = Client(process)
        urls = client.subscribe(String, f'{process.name}/url', LATCHED)
        client.wait_for(lambda: urls)
        process.url = urls[0].data
        client.close()
        yield process
        process.stop()


@pytest.fixture(scope='module')
def camera(viewer, tmp_path_factory, red_network):
    """Return a function that runs a camera in a namespace below the viewer's."""

    def run(name, places):
        folder = tmp_path_factory.mktemp(name)
        return disc_camera(folder, red_network, places, f'{viewer.namespace}/{name}')

    return run


@pytest.fixture(scope='module')
def cameras(camera):
    with camera('front', FRONT) as front, camera('rear', REAR) as rear:
        yield front, rear


@pytest.fixture
def page(open_page, viewer, cameras):
    """Open the page of the front camera, with no object on either."""
    for camera in cameras:
        client = Client(camera)
        client.call(Trigger, f'{camera.name}/clear_prompts')
        client.close()
    page = open_page(f'{viewer.url}?camera={cameras[0].name}')
    shows(page, cameras[0], FRONT)
    return page


def picker(page):
    return page.get_by_role('combobox', name='Camera', exact=True)


def choose(page, camera, *places):
    """Choose a camera; come back when its page is there, and so many discs without a mask."""
    expect(picker(page)).to_be_visible()
    picker(page).select_option(camera.name)
    is_of(page, camera)
    if places:
        discs(page, count=len(places))


def shows(page, camera, places):
    is_of(page, camera)
    discs(page, count=len(places))


def is_of(page, camera):
    expect(page).to_have_title(f'{camera.name.lstrip("/")} · picosam')
    expect(picker(page)).to_have_value(camera.name)
    expect(page).to_have_url(re.compile(rf'\?camera={camera.name}$'))
    expect(page.locator('#empty')).to_be_hidden()


@contextlib.contextmanager
def heard(camera):
    """Give what a camera publishes: masks, and answers to prompts."""
    client = Client(camera)
    topics = ((MaskArray, 'masks'), (PromptStatus, 'prompt_status'))
    inboxes = [client.subscribe(kind, f'{camera.name}/{topic}') for kind, topic in topics]
    client.known_to(camera.name)
    yield client, *inboxes
    client.close()


def test_without_a_camera_of_its_own_the_page_shows_one_that_is_there_and_offers_both(
    page, viewer, cameras, open_page
):
    front, rear = cameras
    expect(picker(page).locator('option')).to_have_text(
        [camera.name.lstrip('/') for camera in (front, rear)]
    )
    shows(open_page(viewer.url), front, FRONT)


def test_a_click_is_for_the_camera_that_is_shown_and_for_no_other(page, cameras):
    front, rear = cameras
    with heard(front) as (client, masks, answers), heard(rear) as (other, rear_masks, _):
        choose(page, rear, *REAR)
        # The size of an image is that of the file: the masks are those of the discs.
        click(page, *REAR[1])
        found_on(page, 1, REAR[1])
        marked = other.wait_for(lambda: next((each for each in rear_masks if each.masks), None))
        box = marked.masks[0].box
        assert box.x0 < REAR[1][0] < box.x1
        assert box.y0 < REAR[1][1] < box.y1
        # Whatever it was sent has been answered by then.
        stamp_ns = from_time(marked.header.stamp)
        client.known_to(front.name)
        client.wait_for(lambda: masks and from_time(masks[-1].header.stamp) > stamp_ns)
        assert not answers
        assert not any(each.masks for each in masks)


def test_what_is_removed_and_undone_on_one_leaves_the_other_alone(page, cameras):
    front, rear = cameras
    click(page, *FRONT[0])
    found_on(page, 1, FRONT[0])
    choose(page, rear, *REAR)
    expect(page.get_by_role('button', name='Undo')).to_be_disabled()
    expect(page.locator('#objects li')).to_have_count(0)
    click(page, *REAR[0])
    found_on(page, 1, REAR[0])
    with heard(front) as (client, masks, answers):
        page.get_by_role('button', name='Undo').click()
        expect(page.locator('#objects li')).to_have_count(0)
        page.get_by_role('button', name='Remove all').click()
        expect(page.locator('.bubble', has_text='objects cleared').first).to_be_attached()
        page.reload()
        shows(page, rear, REAR)
        client.known_to(front.name)
        masks.clear()
        left = client.wait_for(lambda: masks and masks[-1])
        assert [mask.object_id for mask in left.masks] == [1]
        assert not answers
    choose(page, front, *FRONT[1:])
    found_on(page, 1, FRONT[0])


def test_large_topics_are_those_of_the_camera_that_is_shown(page, cameras):
    front, rear = cameras
    client = Client(front)

    def readers(camera):
        topics = client.node.get_subscriptions_info_by_topic
        return [
            len(topics(name)) for name in (f'{camera.namespace}/image_raw', f'{camera.name}/masks')
        ]

    client.wait_for(lambda: (readers(front), readers(rear)) == ([1, 1], [0, 0]))
    choose(page, rear, *REAR)
    client.wait_for(lambda: (readers(front), readers(rear)) == ([0, 0], [1, 1]))
    client.close()


def test_two_browsers_look_at_two_cameras(page, viewer, cameras, open_page):
    front, rear = cameras
    other = open_page(f'{viewer.url}?camera={rear.name}')
    shows(other, rear, REAR)
    shows(page, front, FRONT)
    click(other, *REAR[0])
    found_on(other, 1, REAR[0])
    expect(page.locator('#objects li')).to_have_count(0)


def test_the_keyboard_chooses_and_stays_on_the_picker_and_masks_look_as_before(page, cameras):
    _, rear = cameras
    page.keyboard.press('o')
    expect(page.locator('#opacity-text')).to_have_text('masks 75 %')
    picker(page).focus()
    page.keyboard.press('ArrowDown')
    shows(page, rear, REAR)
    expect(page.locator('#opacity-text')).to_have_text('masks 75 %')
    expect(picker(page)).to_be_focused()
    # No shortcut of the page: it would freeze.
    page.keyboard.press('f')
    expect(page.locator('#frozen')).to_be_hidden()


def test_a_camera_that_comes_is_offered_one_that_goes_is_marked_and_may_come_back(
    page, camera, viewer, cameras
):
    front, _ = cameras
    name = f'{viewer.namespace}/side/camera'
    option = picker(page).locator('option', has_text='side')
    with camera('side', REAR) as side:
        expect(option).to_have_text(name.lstrip('/'))
        choose(page, side, *REAR)
    expect(option).to_have_text(f'{name.lstrip("/")} (gone)')
    expect(page.locator('#connection-text')).to_have_text('this camera is gone')
    # Its image is not live.
    expect(page.locator('body')).to_have_class('offline')
    with camera('side', REAR) as side:
        expect(option).to_have_text(name.lstrip('/'))
        expect(page.locator('#connection-text')).to_have_text('live')
        expect(page.locator('body')).not_to_have_class('offline')
        click(page, *REAR[0])
        found_on(page, 1, REAR[0])
        choose(page, front, *FRONT)
    expect(option).to_have_text(f'{name.lstrip("/")} (gone)')


def test_a_link_to_a_camera_that_is_not_known_says_so_and_leaves_the_choice(page, cameras, viewer):
    front, _ = cameras
    page.goto(f'{viewer.url}?camera=/nowhere/camera')
    expect(page.locator('#connection-text')).to_contain_text("there is no camera '/nowhere/camera'")
    expect(picker(page)).to_have_value('/nowhere/camera')
    choose(page, front, *FRONT)
