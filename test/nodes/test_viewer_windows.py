"""Windows of all kinds, and what comes and goes behind the page, in a real browser."""

import contextlib
import os
import random
import re
import signal
import socket
import subprocess

import cv2
import pytest
from helpers.harness import PATIENCE, Client, Process
from helpers.installed import executable
from std_msgs.msg import String

from picosam_ros.cameras.photos import photo_files
from picosam_ros.msg import MaskArray

pytest.importorskip('aiohttp', reason='the viewer needs aiohttp: pip install aiohttp')
from helpers.chromium import CHROMIUM_IS_HERE, BrowserTimeout, expect
from helpers.page import (
    LATCHED,
    click,
    discs,
    found_on,
    is_selected,
    on_screen,
    remove_all,
    row,
    still_camera,
    tap,
    view,
    viewed,
)

pytestmark = CHROMIUM_IS_HERE

# Every place and size that the image's room has had.
BOXES_OF_THE_STAGE = """
  const boxes = new Set();
  addEventListener('DOMContentLoaded', () => {
    const stage = document.getElementById('stage');
    const note = () => boxes.add(JSON.stringify(stage.getBoundingClientRect()));
    new ResizeObserver(note).observe(stage);
  });
  Object.defineProperty(globalThis, 'boxes', { get: () => [...boxes] });
"""


def test_a_narrow_window_has_the_image_on_top_and_nothing_beside_the_screen(open_page, url):
    page = open_page(url, width=390, height=844)
    image = page.locator('#image').bounding_box()
    assert image['width'] > 340
    assert image['x'] >= 0
    assert image['x'] + image['width'] <= 390
    assert page.locator('aside').bounding_box()['y'] > image['y'] + image['height']
    assert page.evaluate('document.documentElement.scrollWidth') <= 390
    remove_all(page)
    _, middle, _ = discs(page)
    click(page, *middle)
    found_on(page, 1, middle)


def test_the_image_keeps_its_place_when_what_is_told_of_the_camera_arrives(open_page, url):
    page = open_page(url, script=BOXES_OF_THE_STAGE)
    expect(page.locator('#origin')).to_have_text('a recording')
    # As where there are further cameras.
    page.locator('#cameras').evaluate('cameras => { cameras.hidden = false; }')
    page.evaluate('() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))')
    assert len(page.evaluate('boxes')) == 1


def test_on_a_touch_screen_a_tap_points_and_the_help_shows_touch_gestures(open_page, url):
    page = open_page(url, width=390, height=844, touch=True)
    expect(page.locator('footer kbd', has_text='tap')).to_be_visible()
    expect(page.locator('footer kbd', has_text='shift')).to_be_hidden()
    clear = page.locator('#clear')
    tap(clear, clear.tap, 'click')
    expect(page.locator('.bubble').first).to_be_visible()
    expect(page.locator('#objects li')).to_have_count(0)
    _, middle, _ = discs(page)
    at = on_screen(page, *middle)
    tap(page.locator('#image'), lambda: page.touchscreen.tap(*at), 'pointerup')
    found_on(page, 1, middle)


def test_two_browsers_see_the_same_objects(page, open_page, url):
    other = open_page(url)
    _, middle, _ = discs(page)
    click(page, *middle)
    for browser in (page, other):
        expect(row(browser, 1).locator('.state')).to_have_text('tracked')
    expect(page.locator('#link')).to_contain_text('2 browsers')
    row(other, 1).locator('.remove').click()
    expect(page.locator('#objects li')).to_have_count(0)


def free_port():
    """Find a port that stays free: below those that the system gives to whoever asks for any."""
    for port in random.sample(range(20000, 30000), 100):
        with socket.socket() as tried, contextlib.suppress(OSError):
            tried.bind(('127.0.0.1', port))
            return port
    raise AssertionError('no port is free')


def test_when_the_viewer_comes_back_so_does_the_page(open_page, camera):
    port = free_port()
    with view(camera, port) as process:
        client = Client(process)
        urls = client.subscribe(String, f'{process.name}/url', LATCHED)
        client.wait_for(lambda: any(f':{port}/' in url.data for url in urls))
        # Failed connections are reported in the console, too.
        page = open_page(f'http://127.0.0.1:{port}/', quiet=False)
        expect(page.locator('#connection-text')).to_have_text('live')
        # Without an image there is nothing to click on.
        expect(page.locator('body.offline')).to_have_count(0)
        process.stop()
        client.close()
    expect(page.locator('#connection-text')).to_contain_text('retrying in')
    expect(page.locator('#live')).to_contain_text('retrying in')
    click(page, 60, 60)
    expect(page.locator('.bubble', has_text='Not connected')).to_be_visible()
    with view(camera, port) as process:
        expect(page.locator('#connection-text')).to_have_text('live')
        expect(page.locator('body.offline')).to_have_count(0)
        remove_all(page)
        _, middle, _ = discs(page)
        click(page, *middle)
        expect(page.locator('#objects .state')).to_have_text('tracked')
        process.stop()


@pytest.fixture
def coin(tmp_path):
    """Run a camera before a coin that keeps still, with the network that ships."""
    pixels = cv2.imread(str(photo_files()[0].with_name('coins.png')))[118:268, 113:313]
    with still_camera(tmp_path / 'coin.avi', pixels) as process:
        yield process


def test_a_step_of_an_object_that_is_gone_says_nothing_of_the_next_with_its_id(page):
    changed_nothing = """async (gone) => {
        const { SizeSteps } = await import('./sizes.js');
        const outline = [[0, 0, 9, 0, 9, 9, 0, 9]];
        const frame = (generation) => ({ masks: [{ object: 1, generation, outline }] });
        const steps = new SizeSteps();
        steps.add(1, 1, 1, frame(1));
        steps.accept(1, 2);
        if (gone) steps.forget(1);
        return steps.complete(frame(3)).length;
    }"""
    assert page.evaluate(changed_nothing, False) == 1
    assert page.evaluate(changed_nothing, True) == 0


def test_a_followed_object_is_stepped_smaller_and_larger_until_there_is_none(open_page, coin):
    with view(coin, 0) as process:
        client = Client(process)
        urls = client.subscribe(String, f'{process.name}/url', LATCHED)
        results = client.subscribe(MaskArray, f'{coin.name}/masks')
        client.wait_for(lambda: urls)
        page = open_page(urls[0].data)
        click(page, 320, 240)
        expect(row(page, 1).locator('.state')).to_have_text('tracked')

        def newest(field):
            masks = (mask for result in results[-1:] for mask in result.masks)
            return next((getattr(mask, field) for mask in masks), 0)

        def area():
            return newest('area')

        client.wait_for(area)
        clicked = area()
        is_selected(page, 1)
        page.get_by_label('smaller object 1').click()
        client.wait_for(lambda: 0 < area() < clicked / 1.3)
        state = row(page, 1).locator('.state')
        expect(state).to_have_text('tracked')
        # Beside the buttons there is room for the word.
        assert state.evaluate('it => it.scrollWidth <= it.clientWidth')
        page.keyboard.press('+')
        client.wait_for(lambda: area() > clicked / 1.3)
        none = page.locator('.bubble', has_text='There is no larger object').first
        for _ in range(12):
            before = newest('generation')
            page.keyboard.press('+')
            # Then it is judged by the mask that this step was asked for.
            client.wait_for(lambda before=before: newest('generation') > before)
            with contextlib.suppress(BrowserTimeout):
                none.wait_for(timeout=1e3)
                break
        expect(none).to_be_visible()
        page.context.close()
        client.close()
        process.stop()


def click_until_found(page, x, y, tries=5):
    """Click a place of pictures that are exchanged every few seconds, maybe just then."""
    found = page.locator('#last-click', has_text='click to mask')
    for _ in range(tries):
        click(page, x, y)
        with contextlib.suppress(BrowserTimeout):
            found.wait_for(timeout=1e3 * PATIENCE / tries)
            return
    expect(found).to_be_visible()


def test_the_demo_shows_its_masks_in_the_browser_and_leaves_the_prompts_to_the_user_who_clicks(
    open_page, tmp_path
):
    environment = {
        **os.environ,
        'BROWSER': 'none',
        # Its names are fixed, so its domain is its own.
        'ROS_DOMAIN_ID': str(int(os.environ.get('ROS_DOMAIN_ID', '0')) + 102),
    }
    demo = subprocess.Popen(
        [executable('demo'), '--output', tmp_path],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        address = re.fullmatch(
            r'viewer +(http://127\.0\.0\.1:\d+/)', demo.stdout.readline().strip()
        )
        page = open_page(address[1])
        expect(page.locator('#objects .state', has_text='tracked').first).to_be_visible()
        click_until_found(page, 320, 200)
        page.locator('#next-scene').click()
        # The list of objects says so for some seconds only.
        expect(page.locator('#notice-list')).to_contain_text('the picture changed')
        page.context.close()
        demo.send_signal(signal.SIGINT)
        assert demo.wait(4 * PATIENCE) == 0
        assert 'frames' in demo.stdout.read()
    finally:
        # Killed at once, it would leave its camera behind.
        demo.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            demo.wait(4 * PATIENCE)
        demo.kill()
        demo.wait()
        demo.stdout.close()


def test_before_the_first_image_the_page_says_what_the_camera_waits_for(browser):
    parameters = {'camera': 'imx500', 'simulate': True, 'faults': 'start_s=3600'}
    with Process('camera', parameters) as uploading, viewed(uploading) as url:
        page = browser.new_page()
        page.goto(url)
        expect(page.locator('#empty')).to_contain_text('uploading firmware and network')
        page.close()
        uploading.stop()


def test_a_simulated_camera_is_said_to_be_and_one_that_ended_is_stale(open_page):
    with (
        Process('camera', {'camera': 'imx500', 'simulate': True, 'threads': 1}) as camera,
        viewed(camera) as url,
    ):
        page = open_page(url)
        for mark in ('#origin', '#origin-mark'):
            expect(page.locator(mark)).to_have_text('simulated')
        expect(page.locator('#health-state')).not_to_contain_text('stale')
        camera.stop()
        expect(page.locator('#health-state')).to_contain_text('stale')
        expect(page.locator('#diagnostics')).to_contain_text('no report for')
        page.context.close()
