"""The page of prompts as a person uses it, in a real browser."""

import time

import cv2
import numpy as np
import pytest
from helpers.chromium import CHROMIUM_IS_HERE, expect
from helpers.prompt_page import ADVICE
from helpers.review_project import BACKGROUND, HEIGHT, OBJECT, PATIENCE, RADIUS, WIDTH, centre_of

from picosam_ros.drawing.overlay import OPACITY, PALETTE

pytestmark = CHROMIUM_IS_HERE

# What stands over the window, by its id or class.
WIDEST = """() => [...document.querySelectorAll('body *')]
    .filter((one) => one.getBoundingClientRect().right > innerWidth)
    .map((one) => one.id || one.className || one.tagName)"""


class Prompted:
    """A page of a server."""

    def __init__(self, served, pages, **options):
        self.served = served
        self.page = pages.open(served.server.url, **options)

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def on_screen(self, x, y):
        box = self.page.locator('#image').bounding_box()
        scale = box['width'] / WIDTH
        return box['x'] + (x + 0.5) * scale, box['y'] + (y + 0.5) * scale

    def click(self, place, **options):
        self.page.mouse.click(*self.on_screen(*place), **options)

    def drag(self, start, end):
        mouse = self.page.mouse
        mouse.move(*self.on_screen(*start))
        mouse.down()
        mouse.move(*self.on_screen(*end), steps=3)
        mouse.up()

    def has(self, count):
        """Wait for a count of objects and prompts."""
        expect(self.page.locator('#count')).to_have_text(count)
        expect(self.page.locator('#busy')).to_be_hidden()

    def shows(self, number):
        """Wait until an image is shown."""
        expect(self.page.locator('#number')).to_have_value(str(number))
        self.has_colour((centre_of(number)[0], centre_of(number)[1] + RADIUS - 8), None)

    def says(self, text):
        expect(self.page.locator('#notice')).to_contain_text(text)

    def picture(self):
        png = self.page.locator('#image').screenshot()
        pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        return cv2.resize(pixels, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(int)

    def has_colour(self, place, colour):
        """Wait until a pixel has about a colour; None for any but the background's."""
        x, y = place
        deadline = time.monotonic() + PATIENCE
        while True:
            found = self.picture()[y, x]
            if colour is None:
                met = np.abs(found - BACKGROUND).max() > 60
            else:
                met = np.abs(found - colour).max() <= 25
            if met:
                return
            assert time.monotonic() < deadline, found

    def covers(self, number, object_id=1):
        """Wait until the mask of an object is on the disc, below its label."""
        x, y = centre_of(number)
        tint = np.array(OBJECT) * (1 - OPACITY) + np.array(PALETTE[object_id - 1]) * OPACITY
        self.has_colour((x, y + RADIUS - 7), tint)

    @property
    def keys(self):
        return self.served.keys['kitchen']


@pytest.fixture
def prompt(serve, pages):
    """Return a function that opens the page of recordings."""

    def open_page(*names, served=None, quiet=True, **options):
        return Prompted(served or serve(*names), pages, quiet=quiet, **options)

    return open_page


def test_a_click_makes_a_mask_and_the_next_letters_are_its_name(prompt):
    page = prompt()
    page.click(centre_of(0))
    page.has('1 object, 1 prompt')
    page.covers(0)
    page.page.keyboard.type('apple')
    page.press('Enter')
    expect(page.page.locator('#mode')).to_have_text('clicks are for apple 1')
    [key] = page.keys
    assert (key.image, key.name) == (0, 'apple')
    assert key.prompt.points[0].x == pytest.approx(centre_of(0)[0], abs=1)


def test_the_next_object_has_the_last_name_and_names_are_offered(prompt):
    page = prompt()
    page.click(centre_of(0))
    page.has('1 object, 1 prompt')
    page.page.keyboard.type('apple')
    page.press('Enter', 'n')
    # Not on the label of the first one.
    page.click((centre_of(0)[0], centre_of(0)[1] + RADIUS - 6))
    page.has('2 objects, 2 prompts')
    expect(page.page.locator('#objects .name').nth(1)).to_have_value('apple')
    page.page.keyboard.type('pear')
    page.press('Enter')
    options = page.page.locator('#names option')
    expect(options.first).to_have_attribute('value', 'pear')
    assert options.evaluate_all('all => all.map(({ value }) => value)') == ['pear', 'apple']


def test_the_selected_object_gets_prompts_in_other_images(prompt):
    page = prompt()
    page.click(centre_of(0))
    page.has('1 object, 1 prompt')
    page.press('Enter', 'PageDown', 'ArrowRight')
    page.shows(31)
    page.click(centre_of(31))
    page.has('1 object, 2 prompts')
    page.covers(31)
    assert [key.image for key in page.keys] == [0, 31]
    assert {key.prompt.object_id for key in page.keys} == {1}
    page.page.locator('.place', has_text='image 0').click()
    page.shows(0)
    page.covers(0)
    page.press('ArrowRight', 'ArrowLeft')
    page.shows(0)
    page.covers(0)


def test_a_box_is_a_prompt_and_points_correct_it(prompt):
    page = prompt()
    x, y = centre_of(0)
    page.drag((x - 30, y - 30), (x + 30, y + 30))
    page.has('1 object, 1 prompt')
    page.covers(0)
    page.press('Enter')
    [key] = page.keys
    assert key.prompt.box.x0 == pytest.approx(x - 30, abs=1)
    assert key.prompt.box.y1 == pytest.approx(y + 30, abs=1)
    # The network takes no points with a box: the first is then the middle of the box.
    page.click((x, y + 15))
    page.says('the box has become a point in its middle')
    page.click((200, 50), button='right')
    page.page.keyboard.down('Shift')
    page.click((220, 60))
    page.page.keyboard.up('Shift')
    page.has('1 object, 1 prompt')
    [key] = page.keys
    assert [point.positive for point in key.prompt.points] == [True, True, False, False]
    assert key.prompt.points[0].y == pytest.approx(y, abs=1)
    assert key.prompt.box is None


def test_what_finds_nothing_is_told_and_is_no_object(prompt):
    page = prompt(quiet=False)
    page.click((300, 220))
    page.says('nothing is found there')
    page.has('')
    page.click(centre_of(0), button='right')
    page.says('select the object first')
    assert page.served.keys == {}


def test_z_takes_clicks_back_one_after_the_other(prompt):
    page = prompt()
    x, y = centre_of(0)
    page.click((x, y))
    page.has('1 object, 1 prompt')
    page.press('Enter')
    page.click((x + 9, y))
    page.press('z')
    page.has('1 object, 1 prompt')
    [key] = page.keys
    assert len(key.prompt.points) == 1
    page.press('z')
    page.has('')
    page.has_colour((x, y), OBJECT)
    page.press('z')
    page.says('there is nothing to take back')


def test_prompts_and_objects_are_removed(prompt):
    page = prompt()
    page.click(centre_of(0))
    page.has('1 object, 1 prompt')
    page.press('Enter', 'ArrowRight')
    page.shows(1)
    page.click(centre_of(1))
    page.has('1 object, 2 prompts')
    page.press('Delete')
    page.has('1 object, 1 prompt')
    page.has_colour(centre_of(1), OBJECT)
    page.page.get_by_label('remove object 1').click()
    page.has('')
    assert page.served.keys == {}


def test_with_several_recordings_a_prompt_may_be_for_all(prompt):
    page = prompt('kitchen', 'garden')
    page.click(centre_of(0))
    page.has('1 object, 1 prompt')
    page.press('Enter')
    page.page.locator('.scope input').check()
    expect(page.page.locator('.prompts .place')).to_have_text('image 0 · all recordings')
    page.page.locator('#recording').select_option('garden')
    page.covers(0)
    assert [len(keys) for keys in page.served.keys.values()] == [1, 1]
    page.page.locator('.scope input').uncheck()
    expect(page.page.locator('.prompts .place')).to_have_text('image 0 · garden')
    assert [len(keys) for keys in page.served.keys.values()] == [0, 1]


def test_slider_and_number_lead_to_any_image(prompt):
    page = prompt()
    page.page.locator('#slider').fill('120')
    page.shows(120)
    page.page.locator('#number').fill('7')
    page.press('Enter')
    page.shows(7)
    page.press('End')
    page.shows(199)
    page.press('ArrowRight', 'Home', 'PageUp')
    page.shows(0)


def test_a_page_that_is_loaded_again_shows_the_prompts(prompt):
    page = prompt()
    page.click(centre_of(0))
    page.has('1 object, 1 prompt')
    page.page.reload()
    page.has('1 object, 1 prompt')
    page.covers(0)


def test_label_ends_the_page_and_tells_how_to_repeat_it(prompt):
    page = prompt()
    label = page.page.locator('#label')
    expect(label).to_be_disabled()
    page.click(centre_of(0))
    page.has('1 object, 1 prompt')
    label.click()
    expect(page.page.locator('#done')).to_contain_text('Labelling goes on in the terminal')
    expect(page.page.locator('#advice')).to_have_text(ADVICE)
    assert page.served.review.finished
    page.served.review.close()
    assert len(page.keys) == 1


def test_a_page_whose_server_has_ended_says_so(prompt):
    page = prompt(quiet=False)
    page.served.review.close()
    page.click(centre_of(0))
    page.says('the program behind this page cannot be reached; start it again')


def test_an_image_that_cannot_be_read_is_told_and_the_next_one_is_shown(serve, pages):
    page = Prompted(serve(refused=(0,)), pages, quiet=False, image=False)
    expect(page.page.locator('#empty')).to_contain_text('half a JPEG')
    page.press('ArrowRight')
    page.shows(1)


def test_by_touch_taps_are_points_and_a_switch_makes_them_negative(prompt):
    page = prompt(touch=True, width=390, height=780)
    x, y = centre_of(0)
    page.page.touchscreen.tap(*page.on_screen(x, y))
    page.has('1 object, 1 prompt')
    page.page.locator('#tap-switch button', has_text='−').tap()
    page.page.touchscreen.tap(*page.on_screen(200, 50))
    page.has('1 object, 1 prompt')
    [key] = page.keys
    assert [point.positive for point in key.prompt.points] == [True, False]


@pytest.mark.parametrize('size', [(1280, 800), (820, 500), (390, 780), (360, 640)])
def test_nothing_stands_over_the_window(prompt, size):
    page = prompt(
        'kitchen_of_the_second_floor_2026_11_29_morning', 'b', width=size[0], height=size[1]
    )
    page.click(centre_of(0))
    page.has('1 object, 1 prompt')
    wide = page.page.evaluate('document.documentElement.scrollWidth')
    assert wide <= size[0], page.page.evaluate(WIDEST)
    for name in ('#label', '#slider', '#number', '#fresh', '.scope', '.prompts .cross'):
        box = page.page.locator(name).bounding_box()
        assert box['x'] >= 0
        assert box['x'] + box['width'] <= size[0] + 1
