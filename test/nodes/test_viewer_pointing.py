"""Pointing in the page: what is under the pointer, corrections, undo, clicks on a frozen image."""

import cv2
import pytest
from helpers.harness import Client

from picosam_ros.msg import MaskArray, Prompt, PromptStatus

pytest.importorskip('aiohttp', reason='the viewer needs aiohttp: pip install aiohttp')
from helpers.chromium import CHROMIUM_IS_HERE, expect
from helpers.page import (
    changes,
    click,
    covers,
    discs,
    found_on,
    is_covered,
    is_pale,
    is_selected,
    on_screen,
    remove_all,
    row,
    shown,
)
from helpers.patient import until

pytestmark = CHROMIUM_IS_HERE


def test_what_is_under_the_pointer_is_shown_before_a_click_and_is_no_object(page, camera):
    client = Client(camera)
    prompts = client.subscribe(Prompt, 'prompt')
    _, middle, right = discs(page)
    assert not is_pale(page, middle)
    page.mouse.move(*on_screen(page, *middle))
    until(lambda: is_pale(page, middle))
    page.mouse.move(*on_screen(page, *right))
    until(lambda: is_pale(page, right) and not is_pale(page, middle))
    page.keyboard.press('h')
    until(lambda: not is_pale(page, right))
    expect(page.locator('#preview')).to_have_attribute('aria-pressed', 'false')
    page.mouse.move(*on_screen(page, *middle))
    changes(page)
    assert not is_pale(page, middle)
    page.locator('#preview').click()
    page.mouse.move(*on_screen(page, *middle))
    until(lambda: is_pale(page, middle))
    expect(page.locator('#objects li')).to_have_count(0)
    assert not prompts
    client.close()


def test_a_finger_previews_nothing(open_page, url):
    page = open_page(url, touch=True)
    expect(page.locator('#preview')).to_be_hidden()


def are_found(page, *places):
    """Wait until each place is covered by an object of its own, whichever id it came back with.

    A last mask may come after its object was removed: then the id is not free yet.
    """

    def found():
        ids = page.locator('#objects li').evaluate_all(
            'rows => rows.map(row => row.dataset.object)'
        )
        met = [[i for i in map(int, ids) if is_covered(page, i, place)] for place in places]
        return len(ids) == len(places) and all(len(each) == 1 for each in met)

    until(found)


def test_undo_and_redo_of_a_click_a_box_and_a_removal(page):
    left, middle, _ = discs(page)
    expect(page.locator('#undo')).to_be_disabled()
    click(page, *left)
    found_on(page, 1, left)
    is_selected(page, 1)
    page.keyboard.press('Control+z')
    expect(page.locator('#objects li')).to_have_count(0)
    page.keyboard.press('Control+Shift+z')
    found_on(page, 1, left)
    page.mouse.move(*on_screen(page, middle[0] - 55, middle[1] - 55))
    page.mouse.down()
    page.mouse.move(*on_screen(page, middle[0] + 55, middle[1] + 55), steps=5)
    page.mouse.up()
    found_on(page, 2, middle)
    page.locator('#undo').click()
    expect(row(page, 2)).to_have_count(0)
    page.locator('#redo').click()
    found_on(page, 2, middle)
    row(page, 1).locator('.remove').click()
    expect(row(page, 1)).to_have_count(0)
    page.keyboard.press('Control+z')
    are_found(page, left, middle)
    page.keyboard.press('Escape')
    expect(page.locator('#objects li')).to_have_count(0)
    page.keyboard.press('Control+z')
    are_found(page, left, middle)
    page.keyboard.press('Control+y')
    expect(page.locator('#objects li')).to_have_count(0)


def test_a_click_on_a_frozen_image_has_its_mask_there_and_is_followed_from_there(page):
    _, middle, right = discs(page)
    page.keyboard.press(' ')
    expect(page.locator('#frozen')).to_be_visible()
    click(page, *middle)
    found_on(page, 1, middle)
    click(page, *right)
    found_on(page, 2, right)
    covers(page, 1, middle)
    click(page, *right, button='right')
    expect(row(page, 2)).to_have_count(0)
    until(lambda: not is_covered(page, 2, right))
    page.keyboard.press(' ')
    expect(page.locator('#frozen')).to_be_hidden()
    changes(page)
    found_on(page, 1, middle)


class Masks:
    """The newest mask of object 1, and the answers."""

    def __init__(self, process):
        self.client = Client(process)
        self._arrays = self.client.subscribe(MaskArray, f'{process.name}/masks')
        self._answers = self.client.subscribe(PromptStatus, f'{process.name}/prompt_status')
        self.prompts = self.client.subscribe(Prompt, 'prompt')

    def wait_for(self, condition):
        return self.client.wait_for(
            lambda: any(condition(mask) for array in self._arrays[-1:] for mask in array.masks)
        )

    def after(self, number, condition):
        """Wait for a mask that meets a condition and answers the prompt of a number, from 1."""
        self.client.wait_for(lambda: len(self._answers) >= number)
        generation = self._answers[number - 1].generation
        return self.wait_for(lambda mask: mask.generation >= generation and condition(mask))


def has(mask, x, y):
    """Whether a pixel is in a mask of a message."""
    roi = mask.roi
    column = round((x - roi.x + 0.5) * mask.width / roi.width - 0.5)
    row_ = round((y - roi.y + 0.5) * mask.height / roi.height - 0.5)
    inside = 0 <= column < mask.width and 0 <= row_ < mask.height
    return inside and mask.probability[row_ * mask.width + column] >= 128


def test_corrections_of_a_followed_object_stay_are_shown_and_are_undone(photo, open_page):
    page, masks = open_page(photo.url), Masks(photo)
    cup, saucer = (320, 240), (190, 300)
    masks.client.known_to(f'{photo.namespace}/viewer')
    click(page, *cup)
    is_selected(page, 1)
    masks.after(1, lambda mask: has(mask, *cup))
    page.keyboard.down('Control')
    click(page, *saucer)
    page.keyboard.up('Control')
    masks.after(2, lambda mask: has(mask, *saucer) and has(mask, *cup))
    # Many frames later it is as it was, and so are the marks of both points.
    for _ in range(8):
        changes(page)
    masks.wait_for(lambda mask: has(mask, *saucer) and has(mask, *cup))
    until(lambda: is_marked(page, cup) and is_marked(page, saucer))
    masks.prompts.clear()
    page.keyboard.press('Control+z')
    [asked] = masks.client.wait_for(lambda: list(masks.prompts))
    assert asked.action == Prompt.SET
    assert [(point.x, point.y) for point in asked.points] == [pytest.approx(cup, abs=12)]
    masks.after(3, lambda mask: has(mask, *cup))
    until(lambda: is_marked(page, cup) and not is_marked(page, saucer))
    page.keyboard.press('Control+y')
    masks.after(4, lambda mask: has(mask, *saucer))
    masks.client.close()
    page.context.close()


def is_marked(page, place):
    """Whether a positive point is drawn near a place: a white dot in a dark ring."""
    x, y = map(round, place)
    pixels = cv2.cvtColor(shown(page), cv2.COLOR_RGB2GRAY)[y - 12 : y + 13, x - 12 : x + 13]
    return cv2.blur(pixels, (3, 3))[4:-4, 4:-4].max() > 190 and pixels.min() < 75


def test_larger_and_smaller_by_brackets_and_by_alt_and_wheel(photo, open_page):
    page, masks = open_page(photo.url), Masks(photo)
    remove_all(page)
    masks.client.known_to(f'{photo.namespace}/viewer')
    click(page, 320, 240)
    # The id of a test before may not be free yet.
    chosen = page.locator('#objects li .choose[aria-pressed=true]')
    expect(chosen).to_have_count(1)
    object_id = int(page.locator('#objects li').get_attribute('data-object'))
    masks.client.wait_for(lambda: masks.prompts)

    def wheel(turn):
        page.keyboard.down('Alt')
        page.mouse.wheel(0, turn)
        page.keyboard.up('Alt')

    for act, step in (
        (lambda: page.keyboard.press(']'), 1),
        (lambda: page.keyboard.press('['), -1),
        (lambda: wheel(-120), 1),
        (lambda: wheel(120), -1),
    ):
        masks.prompts.clear()
        act()
        [asked] = masks.client.wait_for(lambda: list(masks.prompts))
        assert (asked.action, asked.object_id, asked.size_step) == (Prompt.REFINE, object_id, step)
    masks.prompts.clear()
    page.keyboard.press('Control+z')
    [asked] = masks.client.wait_for(lambda: list(masks.prompts))
    # One step larger, one smaller, one larger are left.
    assert (asked.action, asked.object_id, asked.size_step) == (Prompt.SET, object_id, 1)
    assert len(asked.points) == 1
    masks.client.close()
    page.context.close()
