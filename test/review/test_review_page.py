"""The page as a person uses it, in a real browser."""

import threading
import time

import cv2
import numpy as np
import pytest
from helpers.chromium import CHROMIUM_IS_HERE, expect
from helpers.review_project import (
    ADVICE,
    BACKGROUND,
    HEIGHT,
    JUMPED,
    OBJECT,
    PATIENCE,
    SHRANK,
    WIDTH,
    centre_of,
    disc,
    doubted,
    label,
)

from picosam_ros.drawing.overlay import OPACITY, PALETTE
from picosam_ros.labelling.decisions import Decisions
from picosam_ros.review.corrector import Corrector

pytestmark = CHROMIUM_IS_HERE

AWAY = (220, 60)
AWAY_COUNTS = label(1, disc(*AWAY)).counts


def away(number, **options):
    """Return an image whose mask is not on the disc."""
    return doubted(number, label(1, disc(*AWAY), JUMPED), **options)


class Reviewed:
    """A page of a served project."""

    def __init__(self, served, pages, **options):
        self.served = served
        self.page = pages.open(served.server.url, **options)

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def shows(self, number, recording='kitchen'):
        """Wait until an image is shown."""
        expect(self.page.locator('#where')).to_have_text(f'{recording}, image {number}')
        expect(self.page.locator('#empty')).to_be_hidden()

    def says(self, text):
        expect(self.page.locator('#notice')).to_contain_text(text)

    def progress(self, position, left):
        expect(self.page.locator('#position')).to_have_text(position)
        expect(self.page.locator('#left')).to_have_text(left)

    def on_screen(self, x, y):
        box = self.page.locator('#image').bounding_box()
        scale = box['width'] / WIDTH
        return box['x'] + (x + 0.5) * scale, box['y'] + (y + 0.5) * scale

    def click(self, place, **options):
        self.page.mouse.click(*self.on_screen(*place), **options)

    def picture(self):
        """Return the canvas as H×W×3, whatever its size on the screen."""
        png = self.page.locator('#image').screenshot()
        pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        return cv2.resize(pixels, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(int)

    def has_colour(self, place, colour):
        """Wait until a pixel, above the labels, has about a colour."""
        x, y = place[0], place[1] - 12
        deadline = time.monotonic() + PATIENCE
        while np.abs(self.picture()[y, x] - colour).max() > 25:
            assert time.monotonic() < deadline, self.picture()[y, x]

    @property
    def decided(self):
        """Answers on the disk, by number of the image."""
        known = Decisions(self.served.project.decided).by_image()
        return {image: one.accepted for (_, image), one in known.items()}

    def labels_of(self, number):
        known = Decisions(self.served.project.decided).by_image()
        return known['kitchen', number].labels

    def decides(self, **answers):
        """Wait until the disk has answers: `on3=True` for image 3 accepted."""
        wanted = {int(name[2:]): answer for name, answer in answers.items()}
        deadline = time.monotonic() + PATIENCE
        while self.decided != wanted:
            assert time.monotonic() < deadline, self.decided


@pytest.fixture
def review(serve, pages):
    """Return a function that opens the page of doubted images."""

    def open_page(*images, refused=(), served=None, **options):
        return Reviewed(served or serve(*images, refused=refused), pages, **options)

    return open_page


def tinted(colour, object_id=1):
    return np.array(colour) * (1 - OPACITY) + np.array(PALETTE[object_id - 1]) * OPACITY


def test_the_masks_are_on_their_objects_and_the_doubts_are_told(review):
    reviewed = review(doubted(3), doubted(7))
    reviewed.shows(3)
    reviewed.progress('1 of 2', '2 left')
    expect(reviewed.page.locator('#doubts li')).to_have_text([f'ball 1: {JUMPED}'])
    reviewed.has_colour(centre_of(3), tinted(OBJECT))
    tint = np.abs(reviewed.picture() - tinted(OBJECT)).max(axis=2) < 25
    rows, columns = tint.nonzero()
    # Of the whole disc, but for its label.
    assert np.abs(np.mean([columns.min(), columns.max()]) - centre_of(3)[0]) < 2
    assert np.abs(np.mean([rows.min(), rows.max()]) - centre_of(3)[1]) < 2


@pytest.mark.parametrize('key', ['Enter', ' '])
def test_a_key_accepts_and_shows_the_next_image(review, key):
    reviewed = review(doubted(3), away(7))
    reviewed.press(key)
    reviewed.shows(7)
    reviewed.has_colour(AWAY, tinted(BACKGROUND))
    reviewed.has_colour(centre_of(7), OBJECT)
    reviewed.progress('2 of 2', '1 left')
    reviewed.decides(on3=True)


@pytest.mark.parametrize('key', ['x', 'X', 'Backspace'])
def test_a_key_rejects_and_shows_the_next_image(review, key):
    reviewed = review(doubted(3), doubted(7))
    reviewed.press(key)
    reviewed.shows(7)
    reviewed.decides(on3=False)


def test_z_takes_answers_back_one_after_the_other_and_shows_their_images(review):
    reviewed = review(doubted(3), doubted(7), doubted(9))
    reviewed.press('Enter')
    reviewed.shows(7)
    reviewed.press('x')
    reviewed.shows(9)
    reviewed.press('z')
    reviewed.shows(7)
    reviewed.decides(on3=True)
    reviewed.press('z')
    reviewed.shows(3)
    reviewed.decides()
    reviewed.progress('1 of 3', '3 left')
    reviewed.press('z')
    reviewed.says('there is nothing to take back')


def test_a_page_that_is_loaded_again_goes_on_and_can_take_back_what_was_before(review):
    reviewed = review(doubted(3), doubted(7))
    reviewed.press('Enter')
    reviewed.decides(on3=True)
    reviewed.page.reload()
    reviewed.shows(7)
    reviewed.progress('2 of 2', '1 left')
    reviewed.press('z')
    reviewed.shows(3)
    reviewed.decides()


def test_arrows_show_other_images_and_answer_none(review):
    reviewed = review(doubted(3), doubted(7))
    reviewed.press('ArrowLeft')
    reviewed.shows(3)
    reviewed.press('ArrowRight', 'ArrowRight')
    reviewed.shows(7)
    reviewed.press('Enter')
    reviewed.shows(3)
    reviewed.press('ArrowRight')
    reviewed.shows(7)
    expect(reviewed.page.locator('#answer')).to_have_text('accepted')
    reviewed.press('x')
    reviewed.decides(on7=False)


def test_who_goes_back_before_the_answer_is_taken_can_answer_again(review):
    reviewed = review(doubted(3), doubted(7))
    held = []

    def hold(route):
        held.append(route)

    reviewed.page.route('**/decision', hold)
    reviewed.press('Enter')
    reviewed.shows(7)
    reviewed.press('ArrowLeft')
    reviewed.shows(3)
    with reviewed.page.expect_response('**/decision'):
        held[0].continue_()
    reviewed.decides(on3=True)
    reviewed.page.unroute('**/decision')
    # It is on the page, too, once the page has taken the answer.
    reviewed.page.evaluate('() => new Promise(requestAnimationFrame)')
    reviewed.press('x')
    reviewed.shows(7)
    reviewed.decides(on3=False)


def test_a_click_corrects_the_selected_object_and_z_takes_that_back(review):
    reviewed = review(away(3), doubted(7))
    reviewed.has_colour(AWAY, tinted(BACKGROUND))
    reviewed.click(centre_of(3))
    reviewed.has_colour(centre_of(3), tinted(OBJECT))
    reviewed.has_colour(AWAY, BACKGROUND)
    reviewed.press('z')
    reviewed.has_colour(AWAY, tinted(BACKGROUND))
    reviewed.click(centre_of(3))
    reviewed.has_colour(centre_of(3), tinted(OBJECT))
    reviewed.press('Enter')
    reviewed.shows(7)
    reviewed.decides(on3=True)
    [corrected] = reviewed.labels_of(3)
    inside = corrected.to_image(WIDTH, HEIGHT) > 0
    there = disc(*centre_of(3))
    assert (inside & there).sum() / (inside | there).sum() > 0.9
    # And it is what is shown of the image from then on.
    reviewed.press('ArrowLeft')
    reviewed.shows(3)
    reviewed.has_colour(centre_of(3), tinted(OBJECT))


def test_a_correction_waits_for_its_image_while_others_are_looked_at(review):
    reviewed = review(away(3), doubted(7))
    reviewed.click(centre_of(3))
    reviewed.has_colour(centre_of(3), tinted(OBJECT))
    reviewed.press('ArrowRight')
    reviewed.shows(7)
    reviewed.press('ArrowLeft')
    reviewed.shows(3)
    reviewed.has_colour(centre_of(3), tinted(OBJECT))
    reviewed.decides()


@pytest.mark.parametrize('options', [{'button': 'right'}, {'shift': True}])
def test_a_right_click_or_one_with_shift_is_not_on_the_object(review, monkeypatch, options):
    reviewed = review(away(3))
    asked = []
    monkeypatch.setattr(
        Corrector, 'correct', lambda _, frame, one, points: asked.append(points) or label(1)
    )
    if options.pop('shift', False):
        reviewed.page.keyboard.down('Shift')
    with reviewed.page.expect_response('**/correction'):
        reviewed.click((100, 200), **options)
    [[point]] = asked
    assert (point.x, point.y) == pytest.approx((100, 200), abs=1)
    assert not point.positive


def test_why_a_click_is_not_answered_is_told_and_the_mask_stays(review):
    reviewed = review(doubted(3, label(1, None, 'it is gone')), quiet=False)
    reviewed.click((300, 220))
    reviewed.says('nothing is left of object 1')
    expect(reviewed.page.locator('#objects .state')).to_have_text('not there')
    reviewed.click(centre_of(3))
    reviewed.has_colour(centre_of(3), tinted(OBJECT))


def test_an_answer_takes_the_correction_that_is_on_its_way(review, monkeypatch):
    gate, real = threading.Event(), Corrector.correct

    def slow(*given):
        assert gate.wait(PATIENCE)
        return real(*given)

    monkeypatch.setattr(Corrector, 'correct', slow)
    reviewed = review(away(3), doubted(7))
    reviewed.click(centre_of(3))
    expect(reviewed.page.locator('#busy')).to_be_visible()
    reviewed.press('Enter')
    reviewed.shows(3)
    gate.set()
    reviewed.shows(7)
    reviewed.decides(on3=True)
    assert reviewed.labels_of(3)[0].counts != AWAY_COUNTS


def test_figures_select_an_object_and_n_says_that_it_is_not_there(review):
    two = label(1, disc(*AWAY), JUMPED), label(2, disc(60, 60), name='plate')
    reviewed = review(doubted(3, *two), doubted(7))
    reviewed.press('2', 'n')
    states = reviewed.page.locator('#objects .state')
    expect(states).to_have_text(['0.90', 'not there'])
    reviewed.has_colour((60, 60), BACKGROUND)
    reviewed.press('z')
    expect(states).to_have_text(['0.90', '0.90'])
    reviewed.press('1', 'n', 'Enter')
    reviewed.shows(7)
    reviewed.decides(on3=True)
    assert [one.counts for one in reviewed.labels_of(3)] == ['', two[1].counts]


def test_a_accepts_what_follows_with_the_same_doubt_until_another_one(review):
    reviewed = review(*(doubted(number) for number in (3, 4, 5)), doubted(6, doubt=SHRANK))
    reviewed.press('a')
    reviewed.shows(6)
    reviewed.says('3 images accepted')
    reviewed.progress('4 of 4', '1 left')
    reviewed.decides(on3=True, on4=True, on5=True)
    reviewed.press('z')
    reviewed.shows(3)
    reviewed.progress('1 of 4', '4 left')
    reviewed.decides()


def test_when_all_are_answered_that_is_said_and_what_to_do_next(review):
    reviewed = review(doubted(3), doubted(7))
    reviewed.press('Enter')
    reviewed.shows(7)
    reviewed.press('x')
    done = reviewed.page.locator('#done')
    expect(done).to_contain_text('All 2 images are answered')
    expect(done).to_contain_text('1 accepted, 1 rejected')
    expect(done).to_contain_text(ADVICE)
    expect(reviewed.page.locator('#accept')).to_be_disabled()
    reviewed.decides(on3=True, on7=False)
    reviewed.press('Enter', 'x', 'a')
    reviewed.press('ArrowLeft')
    reviewed.shows(7)
    expect(done).to_be_hidden()
    assert reviewed.decided == {3: True, 7: False}


def test_without_a_doubted_image_that_is_said(serve, pages):
    page = pages.open(serve().server.url, image=False)
    expect(page.locator('#done')).to_contain_text('No image is in doubt')


def test_what_another_page_answers_is_shown_within_a_moment(review):
    one = review(doubted(3), doubted(7))
    other = review(served=one.served)
    one.press('Enter')
    one.shows(7)
    expect(other.page.locator('#answer')).to_have_text('accepted')
    other.progress('1 of 2', '1 left')
    other.press('ArrowRight')
    other.shows(7)
    other.press('x')
    expect(other.page.locator('#done')).to_be_visible()
    expect(one.page.locator('#answer')).to_have_text('rejected')
    one.press('z')
    one.shows(3)
    other.shows(3)
    one.decides(on7=False)


def test_a_decision_that_is_refused_is_told_and_its_image_shown_again(review):
    reviewed = review(doubted(3), doubted(7), quiet=False)
    reviewed.page.route('**/decision', lambda route: route.fulfill(status=422, body='disk full'))
    reviewed.press('Enter')
    reviewed.says('disk full')
    reviewed.shows(3)
    reviewed.progress('1 of 2', '2 left')
    reviewed.page.unroute('**/decision')
    reviewed.press('Enter')
    reviewed.shows(7)
    reviewed.decides(on3=True)


def test_an_image_that_cannot_be_read_is_told_and_can_be_rejected(serve, pages):
    served = serve(doubted(3), doubted(7), refused=(3,))
    reviewed = Reviewed(served, pages, quiet=False, image=False)
    empty = reviewed.page.locator('#empty')
    expect(empty).to_contain_text("image 3 of recording 'kitchen' cannot be read: half a JPEG")
    reviewed.press('x')
    reviewed.shows(7)
    reviewed.decides(on3=False)


def test_a_page_whose_server_has_ended_says_so(serve, pages):
    served = serve(doubted(3), doubted(7))
    reviewed = Reviewed(served, pages, quiet=False)
    served.review.close()
    reviewed.says('the program behind this page cannot be reached; start it again')


def test_the_next_image_is_there_before_the_key(review):
    reviewed = review(*map(doubted, (3, 4, 5)), quiet=False)
    page = reviewed.page
    page.wait_for_load_state('networkidle')
    page.route('**/image/**', lambda route: route.abort())
    reviewed.press('Enter')
    reviewed.shows(4)
    reviewed.press('Enter')
    reviewed.shows(5)


def test_by_touch_buttons_answer_and_a_switch_makes_taps_negative(review, monkeypatch):
    reviewed = review(away(3), doubted(7), doubted(9), touch=True, width=390, height=780)
    page, asked = reviewed.page, []
    monkeypatch.setattr(
        Corrector, 'correct', lambda _, frame, one, points: asked.append(points[-1]) or one
    )
    for button in ('+', '−'):
        page.locator('#tap-switch button', has_text=button).tap()
        with page.expect_response('**/correction'):
            page.touchscreen.tap(*reviewed.on_screen(100, 200))
    assert [point.positive for point in asked] == [True, False]
    page.locator('#accept').tap()
    reviewed.shows(7)
    page.locator('#reject').tap()
    reviewed.shows(9)
    reviewed.decides(on3=True, on7=False)


@pytest.mark.parametrize('size', [(1280, 800), (820, 500), (390, 780), (360, 640)])
def test_nothing_overlaps_or_stands_over_the_window(review, size):
    long = 'it is not found any more in this image, though it was there in the last five'
    two = label(1, disc(*AWAY), JUMPED), label(2, None, long, name='a long name of a spoon')
    reviewed = review(
        doubted(3, *two, recording='kitchen_of_the_second_floor_2026_11_29_morning'),
        width=size[0],
        height=size[1],
        touch=size[0] < 800,
    )
    boxes = reviewed.page.evaluate(BOXES)
    for name, (left, _, right, _) in boxes.items():
        assert left >= 0, name
        assert right <= size[0], name
    names = sorted(boxes)
    for number, one in enumerate(names):
        for other in names[number + 1 :]:
            assert not overlap(boxes[one], boxes[other]), (one, other)


BOXES = """() => Object.fromEntries(
  [...document.querySelectorAll('h1, #progress, #stage, #tools button, aside')]
    .map((node) => [node.id || node.textContent, node.getBoundingClientRect()])
    .filter(([, box]) => box.width)
    .map(([name, { left, top, right, bottom }]) => [name, [left, top, right, bottom]]))"""


def overlap(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def test_a_button_reached_by_the_tabulator_is_what_enter_means(review):
    reviewed = review(doubted(3), doubted(7))
    reviewed.page.locator('#reject').focus()
    reviewed.press('Enter')
    reviewed.shows(7)
    reviewed.decides(on3=False)


def test_a_button_that_was_clicked_is_not_what_the_next_enter_means(review):
    reviewed = review(doubted(3), doubted(7), doubted(9))
    reviewed.page.locator('#reject').click()
    reviewed.shows(7)
    reviewed.press('Enter')
    reviewed.shows(9)
    reviewed.decides(on3=False, on7=True)


def test_a_click_on_a_label_selects_its_object(review):
    large = disc(90, 90, 50)
    reviewed = review(doubted(3, label(1, disc(*AWAY), JUMPED), label(2, large)))
    chosen = reviewed.page.locator('#objects button[aria-pressed="true"] .chip')
    expect(chosen).to_have_text('1')
    reviewed.click((90, 90))
    expect(chosen).to_have_text('2')
