"""Names, colours and the list of objects on the page, in a real browser."""

import numpy as np
import pytest
from helpers.chromium import CHROMIUM_IS_HERE, expect
from helpers.patient import until
from helpers.shown import GREY, disc, is_near, mask

from picosam_ros.drawing.overlay import OPACITY
from picosam_ros.results import Answer, PromptState

pytestmark = CHROMIUM_IS_HERE
LONG_NAME = 'the left one of the two cups on the table'
PARTS = '.chip, .name, .state, .track, .number, .step, .remove'


def test_a_name_is_typed_in_the_list_and_is_on_the_label(shown):
    page = shown.open(mask(1, disc(100, 120, 50)), mask(2, disc(240, 120, 50)))
    before = sorted(width for _, _, width, _ in shown.labels())
    give_name(shown, 'a cup e')
    # Letters are no shortcuts there.
    expect(page.locator('#engine-dialog')).to_be_hidden()
    named = sorted(width for _, _, width, _ in shown.labels())
    assert named[0] < before[0] + 5
    assert named[1] > before[1] + 20


def give_name(shown, name):
    shown.row(2).locator('.choose').dblclick()
    shown.page.keyboard.type(name)
    shown.page.keyboard.press('Enter')
    expect(shown.row(2).locator('.name')).to_have_text(name)


def is_lost(shown):
    lost = Answer(2, PromptState.LOST, 'left the image', 1)
    shown.served.server.call(shown.served.server.hub.broadcast_answer, lost)
    expect(shown.row(2).locator('.state')).to_have_text('lost')
    # The list says what was lost.
    expect(shown.row(2).locator('.name')).to_have_text('cup')


def is_cleared(shown):
    shown.show()


def test_a_frame_that_was_on_its_way_when_an_object_was_lost_does_not_bring_it_back(shown):
    page = shown.open(mask(2, disc(240, 120, 50)))
    states = """async () => {
        const { ObjectList } = await import('./objects.js');
        const appearance = { name: () => '', colour: () => 'red', isDark: () => false };
        const list = document.createElement('ul');
        const hint = document.createElement('p');
        const objects = new ObjectList(list, hint, { appearance, selected: 0 }, {});
        const frame = (generation) => ({
            masks: [{ object: 1, generation, outline: [[0, 0, 9, 0, 9, 9]], score: 0.9 }],
            unanswered: [],
        });
        const state = () => list.querySelector('.state').textContent;
        objects.update(frame(1));
        objects.report(1, 'lost', 'left the image', 1);
        objects.update(frame(1));
        const late = state();
        const none = { masks: [], unanswered: [{ object: 1, reason: 'nothing there' }] };
        objects.update(none);
        const unanswered = state();
        objects.accept(1);
        objects.update(none);
        const anew = state();
        objects.update(frame(2));
        return [late, unanswered, anew, state()];
    }"""
    assert page.evaluate(states) == ['lost', 'lost', 'no mask', 'tracked']


@pytest.mark.parametrize('end', [is_lost, is_cleared])
def test_a_name_lives_as_long_as_its_object(shown, end):
    two = mask(2, disc(240, 120, 50))
    page = shown.open(two)
    give_name(shown, 'cup')
    page.reload()
    expect(shown.row(2).locator('.name')).to_have_text('cup')
    end(shown)
    shown.show(mask(2, disc(240, 120, 50), generation=2))
    expect(shown.row(2).locator('.state')).to_have_text('tracked')
    expect(shown.row(2).locator('.name')).to_be_hidden()


def test_a_label_is_clicked_to_select_and_double_clicked_for_a_name_and_prompts_nothing(shown):
    page = shown.open(mask(1, disc(160, 120, 60)))
    page.mouse.dblclick(*shown.middle_of_label())
    expect(page.locator('#stage .name-field')).to_be_focused()
    expect(shown.row(1).locator('.choose')).to_have_attribute('aria-pressed', 'true')
    page.keyboard.type('nose')
    page.keyboard.press('Enter')
    expect(shown.row(1).locator('.name')).to_have_text('nose')
    page.mouse.click(*shown.on_screen(160, 85))
    [asked] = until(lambda: list(shown.served.backend.prompts))
    [point] = asked.points
    assert abs(point.y - 85) < 1
    page.mouse.click(*shown.middle_of_label(), button='right')
    assert until(lambda: list(shown.served.backend.removed)) == [1]


def test_an_object_gets_the_colour_that_is_picked(shown):
    page = shown.open(mask(1, disc(160, 120, 60)))
    page.get_by_label('colour of object 1').fill('#800020')
    expected = np.array(GREY) * (1 - OPACITY) + np.array((128, 0, 32)) * OPACITY
    assert is_near(shown.colour(160, 85), expected)
    chip = shown.row(1).locator('.chip')
    expect(chip).to_have_css('background-color', 'rgb(128, 0, 32)')
    expect(chip).to_have_css('color', 'rgb(255, 255, 255)')


@pytest.mark.parametrize(('width', 'height'), [(390, 844), (1280, 800), (3840, 2160)])
def test_texts_and_bars_of_the_list_never_meet(shown, width, height):
    masks = [mask(i, disc(60 * i, 120, 25), 0.3 * i, candidates=3) for i in (1, 2, 3)]
    page = shown.open(*masks, width=width, height=height)
    give_name(shown, LONG_NAME)
    assert page.evaluate('document.documentElement.scrollWidth') <= width
    for object_id in (1, 2, 3):
        parts = shown.row(object_id).locator(PARTS)
        boxes = [part.bounding_box() for part in parts.all() if part.is_visible()]
        assert len(boxes) >= 7
        for i, a in enumerate(boxes):
            for b in boxes[:i]:
                assert not meet(a, b), (object_id, a, b)
        # No word is cut but the name.
        state = shown.row(object_id).locator('.state')
        assert state.evaluate('it => it.scrollWidth <= it.clientWidth')


def meet(a, b):
    across = a['x'] < b['x'] + b['width'] - 0.5 and b['x'] < a['x'] + a['width'] - 0.5
    return across and a['y'] < b['y'] + b['height'] - 0.5 and b['y'] < a['y'] + a['height'] - 0.5


def test_on_a_screen_of_3840_columns_everything_is_twice_as_large(shown):
    masks = [mask(1, disc(160, 120, 60))]
    sizes = []
    for width, height in ((1280, 800), (3840, 2160)):
        page = shown.open(*masks, width=width, height=height)
        chip = shown.row(1).locator('.chip').bounding_box()
        freeze = page.locator('#freeze').bounding_box()
        [(_, _, _, label)] = shown.labels()
        sizes.append((chip['height'], freeze['height'], label))
        page.context.close()
    assert np.divide(*reversed(sizes)) == pytest.approx(2, rel=0.1)
