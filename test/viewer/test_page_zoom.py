"""Zooming, panning and tapping on the page, in a real browser."""

import cv2
import numpy as np
import pytest
from helpers.chromium import CHROMIUM_IS_HERE, expect
from helpers.patient import until
from helpers.shown import GREY, disc, mask
from helpers.viewer_server import HEIGHT, WIDTH

pytestmark = CHROMIUM_IS_HERE
# In pixels of the image.
TARGET = (250, 70)


@pytest.fixture
def zoomed(shown):
    """Show a black square, and zoom about it by a wheel."""
    pixels = np.full((HEIGHT, WIDTH, 3), GREY, np.uint8)
    pixels[TARGET[1] - 4 : TARGET[1] + 5, TARGET[0] - 4 : TARGET[0] + 5] = 0
    page = shown.open(pixels=pixels)
    assert size_of_target(shown) == pytest.approx(9, abs=0.5)
    page.mouse.move(*shown.on_screen(*TARGET))
    page.mouse.wheel(0, -500)
    expect(page.locator('#zoom')).to_have_text('2.0×')
    return shown


def target(shown):
    """Return left, top, width and height of the black square, in pixels of the image unzoomed."""
    picture = shown.picture()
    dark = (picture.max(axis=2) < 75).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark)
    largest = max(stats[1:], key=lambda found: found[cv2.CC_STAT_AREA])
    return largest[:4] * WIDTH / picture.shape[1]


def size_of_target(shown):
    return target(shown)[2]


def test_a_wheel_zooms_about_the_pointer_and_a_badge_resets(zoomed):
    left, top, width, height = target(zoomed)
    assert width == pytest.approx(18, abs=0.7)
    assert (left + width / 2, top + height / 2) == pytest.approx(np.add(TARGET, 0.5), abs=1)
    for reset in (
        lambda: zoomed.page.locator('#zoom').click(),
        lambda: zoomed.page.keyboard.press('0'),
    ):
        zoomed.page.mouse.move(*zoomed.on_screen(*TARGET))
        reset()
        expect(zoomed.page.locator('#zoom')).to_be_hidden()
        assert size_of_target(zoomed) == pytest.approx(9, abs=0.5)
        zoomed.page.mouse.move(*zoomed.on_screen(*TARGET))
        zoomed.page.mouse.wheel(0, -500)
        expect(zoomed.page.locator('#zoom')).to_be_visible()


def pan_by_the_middle_button(page):
    page.mouse.down(button='middle')
    page.mouse.move(500, 400, steps=3)
    page.mouse.up(button='middle')


def pan_with_the_space_key(page):
    page.keyboard.down(' ')
    page.mouse.down()
    page.mouse.move(500, 400, steps=3)
    page.mouse.up()
    page.keyboard.up(' ')


@pytest.mark.parametrize('pan', [pan_by_the_middle_button, pan_with_the_space_key])
def test_a_drag_pans_and_a_click_is_on_the_pixel_that_is_seen(zoomed, pan):
    page = zoomed.page
    before = target(zoomed)
    page.mouse.move(400, 300)
    pan(page)
    moved = 100 * WIDTH / page.locator('#image').bounding_box()['width']
    until(lambda: target(zoomed)[:2] == pytest.approx(before[:2] + moved, abs=1))
    left, top, width, height = target(zoomed)
    expect(page.locator('#frozen')).to_be_hidden()
    page.mouse.click(*zoomed.on_screen(left + (width - 1) / 2, top + (height - 1) / 2))
    [asked] = until(lambda: list(zoomed.served.backend.prompts))
    [point] = asked.points
    assert (point.x, point.y) == pytest.approx(TARGET, abs=0.7)
    page.keyboard.press(' ')
    expect(page.locator('#frozen')).to_be_visible()


def test_two_fingers_zoom_and_pan_and_prompt_nothing(shown):
    page = shown.open(mask(2, disc(160, 120, 30)), touch=True, width=390, height=844)
    fingers = page.context.new_cdp_session(page)

    def touch(kind, *points):
        at = [shown.on_screen(*point) for point in points]
        touches = [{'x': x, 'y': y, 'id': i} for i, (x, y) in enumerate(at)]
        fingers.send('Input.dispatchTouchEvent', {'type': kind, 'touchPoints': touches})

    touch('touchStart', (140, 200))
    touch('touchStart', (140, 200), (180, 200))
    touch('touchMove', (120, 180), (200, 180))
    touch('touchEnd', (120, 180))
    touch('touchMove', (20, 20))
    touch('touchEnd')
    expect(page.locator('#zoom')).to_have_text('2.0×')
    # What was in the middle, (160, 200), is at (160, 180): the pixel that is seen at (160, 140).
    page.mouse.click(*shown.on_screen(160, 140))
    [asked] = until(lambda: list(shown.served.backend.prompts))
    [point] = asked.points
    assert (point.x, point.y) == pytest.approx((160, 180), abs=1.5)


def test_a_switch_says_what_a_tap_is_on_a_touch_screen(shown):
    page = shown.open(mask(2, disc(160, 120, 30)), touch=True, width=390, height=844)
    shown.row(2).locator('.choose').click()
    for name, refine, positive in (
        ('add a point', True, True),
        ('add a negative point', True, False),
        ('new', False, True),
    ):
        shown.served.backend.prompts.clear()
        page.get_by_role('button', name=name, exact=True).click()
        page.mouse.click(*shown.on_screen(60, 60))
        [asked] = until(lambda: list(shown.served.backend.prompts))
        [point] = asked.points
        assert (asked.refine, point.positive) == (refine, positive)
        assert (asked.object_id == 2) == refine


def test_the_switch_is_on_touch_screens_only(shown):
    expect(shown.open().locator('#tap-switch')).to_be_hidden()
