"""The page in a real browser, before a real camera node and a real viewer node."""

import contextlib
import re

import cv2
import numpy as np
import pytest
from helpers.harness import PATIENCE, Client

from picosam_ros.msg import Prompt

pytest.importorskip('aiohttp', reason='the viewer needs aiohttp: pip install aiohttp')
from helpers.chromium import CHROMIUM_IS_HERE, expect
from helpers.page import (
    changes,
    click,
    covers,
    discs,
    found_on,
    is_selected,
    on_screen,
    row,
    shown,
)

pytestmark = CHROMIUM_IS_HERE


def test_the_live_image_is_there_and_the_page_says_what_to_do(page):
    expect(page.locator('#connection-text')).to_have_text('live')
    expect(page.locator('#no-objects')).to_have_text('Click on an object in the image.')
    expect(page.locator('#rate')).to_contain_text('per second')
    expect(page.locator('#diagnostics')).to_contain_text('camera: segmentation')
    discs(page, count=3)


def test_a_click_on_an_object_shows_its_mask_on_that_object_and_no_other(page):
    _, middle, _ = discs(page)
    click(page, *middle)
    found_on(page, 1, middle)
    expect(page.locator('#last-click')).to_contain_text('click to mask')
    discs(page, count=2)


def test_without_other_masks_to_choose_from_no_size_is_offered(page):
    _, middle, _ = discs(page)
    click(page, *middle)
    expect(row(page, 1).locator('.state')).to_have_text('tracked')
    expect(row(page, 1).locator('.step')).to_have_count(2)
    for button in row(page, 1).locator('.step').all():
        expect(button).to_be_hidden()


def test_larger_and_smaller_are_asked_for_by_buttons_and_by_keys(photo, open_page):
    page, client = open_page(photo.url), Client(photo)
    prompts = client.subscribe(Prompt, 'prompt')
    client.known_to(f'{photo.namespace}/viewer')
    click(page, 320, 240)
    expect(row(page, 1).locator('.state')).to_have_text('tracked')
    is_selected(page, 1)
    client.wait_for(lambda: prompts)
    for act, step in (
        (page.get_by_label('larger object 1').click, 1),
        (page.get_by_label('smaller object 1').click, -1),
        (lambda: page.keyboard.press('+'), 1),
        (lambda: page.keyboard.press('-'), -1),
    ):
        prompts.clear()
        act()
        [asked] = client.wait_for(lambda: list(prompts))
        assert (asked.action, asked.object_id, asked.size_step) == (Prompt.REFINE, 1, step)
    client.close()


def test_several_objects_have_colours_of_their_own(page):
    places = discs(page)
    for object_id, place in enumerate(places, start=1):
        click(page, *place)
        expect(row(page, object_id).locator('.state')).to_have_text('tracked')
    for object_id, place in enumerate(places, start=1):
        covers(page, object_id, place)


def drag_around(page, place):
    page.mouse.move(*on_screen(page, place[0] - 55, place[1] - 55))
    page.mouse.down()
    page.mouse.move(*on_screen(page, place[0] + 55, place[1] + 55), steps=5)
    page.mouse.up()


def test_a_drag_is_a_box(page):
    left, _, _ = discs(page)
    drag_around(page, left)
    found_on(page, 1, left)


def test_a_right_click_removes_the_object_under_it(page):
    left, middle, _ = discs(page)
    for object_id, place in enumerate((left, middle), start=1):
        click(page, *place)
        expect(row(page, object_id).locator('.state')).to_have_text('tracked')
    right_click_until_gone(page, 2, middle)
    expect(row(page, 1)).to_be_visible()


def right_click_until_gone(page, object_id, place, tries=5):
    """Click, again where an image without its masks was shown just then: there is no object."""
    for _ in range(tries):
        click(page, *place, button='right')
        with contextlib.suppress(AssertionError):
            expect(row(page, object_id)).to_have_count(0, timeout=1e3 * PATIENCE / tries)
            return
    expect(row(page, object_id)).to_have_count(0)


def test_a_point_in_a_box_is_refused_beside_the_point_and_the_object_stays(page):
    _, middle, _ = discs(page)
    refused = 'does not take a box together with points'
    drag_around(page, middle)
    expect(row(page, 1).locator('.state')).to_have_text('tracked')
    page.keyboard.down('Shift')
    click(page, middle[0] + 60, middle[1] + 60)
    page.keyboard.up('Shift')
    bubble = page.locator('.bubble', has_text=refused)
    expect(bubble).to_be_visible()
    expect(page.locator('#live')).to_contain_text(refused)
    expect(row(page, 1).locator('.reason')).to_contain_text(refused)
    box = bubble.bounding_box()
    x, y = on_screen(page, middle[0] + 60, middle[1] + 60)
    assert abs(box['x'] + box['width'] / 2 - x) < box['width']
    assert 0 < box['y'] - y < 60
    expect(row(page, 1).locator('.state')).to_have_text('tracked')


def test_everything_can_be_done_by_keys(page):
    _, (x, y), _ = discs(page)
    for key, count in (('ArrowRight', round((x - 320) / 8)), ('ArrowDown', round((y - 240) / 8))):
        back = {'ArrowRight': 'ArrowLeft', 'ArrowDown': 'ArrowUp'}[key]
        for _ in range(abs(count)):
            page.keyboard.press(key if count > 0 else back)
    page.keyboard.press('Shift+ArrowRight')
    page.keyboard.press('Enter')
    found_on(page, 1, (x, y))
    is_selected(page, 1)
    # This network claims all that it sees, so "not this" is said where nothing is red.
    for _ in range(15):
        page.keyboard.press('ArrowUp')
    page.keyboard.press('Shift+Enter')
    for _ in range(15):
        page.keyboard.press('ArrowDown')
    found_on(page, 1, (x, y))
    page.keyboard.press('Delete')
    expect(page.locator('#objects li')).to_have_count(0)
    for _ in range(6):
        page.keyboard.press('ArrowLeft')
        page.keyboard.press('ArrowUp')
    page.keyboard.press('b')
    for _ in range(12):
        page.keyboard.press('ArrowRight')
        page.keyboard.press('ArrowDown')
    page.keyboard.press('Enter')
    expect(page.locator('#objects .state')).to_have_text('tracked')
    page.keyboard.press('Escape')
    expect(page.locator('#objects li')).to_have_count(0)


def test_a_frozen_image_stays(page, open_page, url):
    page.keyboard.press(' ')
    expect(page.locator('#frozen')).to_be_visible()
    # The same image comes once more, at full size.
    expect(page.locator('#frozen')).to_have_attribute('data-full', re.compile('.'))
    # It stands on the image from the first diagnostics on.
    expect(page.locator('#origin-mark')).to_have_text('a recording')
    # More of them may come: that all objects are removed is maybe said twice.
    page.locator('#bubbles').evaluate('node => { node.style.display = "none"; }')
    before = shown(page)
    other = open_page(url)
    for _ in range(2):
        changes(other)
    assert np.array_equal(before, shown(page))
    page.locator('#freeze').click()
    expect(page.locator('#frozen')).to_be_hidden()
    changes(page)


def test_a_snapshot_is_a_png_of_the_cameras_size(page, tmp_path):
    with page.expect_download() as download:
        page.keyboard.press('s')
    assert re.fullmatch(r'picosam-\d{19}\.png', download.value.suggested_filename)
    download.value.save_as(tmp_path / 'shot.png')
    assert cv2.imread(str(tmp_path / 'shot.png')).shape == (480, 640, 3)


def test_the_engine_dialog_shows_its_facts_and_escape_closes_it_and_clears_nothing(page):
    _, middle, _ = discs(page)
    click(page, *middle)
    expect(row(page, 1).locator('.state')).to_have_text('tracked')
    expect(page.locator('#diagnostics')).to_contain_text('1 objects')
    page.keyboard.press('e')
    expect(page.locator('#engine-facts')).to_contain_text('host')
    page.keyboard.press('Escape')
    expect(page.locator('#engine-dialog')).to_be_hidden()
    expect(row(page, 1)).to_be_visible()
