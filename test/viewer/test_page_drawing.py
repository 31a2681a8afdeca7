"""Masks and labels on the page, pixel by pixel, in a real browser."""

import numpy as np
import pytest
from helpers.chromium import CHROMIUM_IS_HERE, expect
from helpers.shown import GREY, disc, is_near, mask, rectangle, tinted
from helpers.viewer_server import WIDTH

from picosam_ros.drawing.overlay import PALETTE

pytestmark = CHROMIUM_IS_HERE


def rim(shown, radius):
    """Return the share of a disc's rim that has the colour of object 1."""
    picture = shown.picture()
    scale = picture.shape[1] / WIDTH
    seen = 0
    for angle in np.linspace(0, 2 * np.pi, 360, endpoint=False):
        x, y = 160.5 + radius * np.cos(angle), 120.5 + radius * np.sin(angle)
        around = picture[int(y * scale) - 3 : int(y * scale) + 4, int(x * scale) - 3 :][:, :7]
        seen += int((np.abs(around - PALETTE[0]).max(axis=2) < 40).any())
    return seen / 360


def test_a_label_is_on_its_own_object_where_the_middle_of_that_is_not(shown):
    u = rectangle(20, 20, 280, 200) & ~rectangle(70, 0, 200, 180)
    shown.open(mask(1, u))
    [(x, y)] = shown.label_centres()
    assert u[round(y), round(x)]


def test_a_label_is_on_the_part_that_no_better_mask_hides(shown):
    large, small = rectangle(20, 20, 280, 200), rectangle(110, 70, 190, 150)
    shown.open(mask(1, large, 0.8), mask(2, small, 0.9))
    found = shown.label_centres()
    assert len(found) == 2
    assert sum(bool(small[round(y), round(x)]) for x, y in found) == 1
    assert all(large[round(y), round(x)] for x, y in found)


def test_the_labels_of_small_objects_are_beside_them_and_do_not_meet(shown):
    # Closer together than their labels are wide.
    row = [mask(i, disc(120 + 11 * i, 120, 5)) for i in range(1, 7)]
    shown.open(*row)
    boxes = shown.labels()
    assert len(boxes) == len(row)
    # Two that met would be one that is too large.
    assert all(width < 50 for _, _, width, _ in boxes)
    assert not any(abs(y - 120) < 5 for _, y in shown.label_centres())


def test_specks_are_not_drawn_and_parts_are(shown):
    speck, part = rectangle(20, 20, 4, 4), rectangle(270, 20, 18, 18)
    shown.open(mask(1, disc(160, 130, 60) | speck | part))
    assert is_near(shown.colour(21.5, 21.5), GREY)
    assert is_near(shown.colour(279, 29), tinted(1))


@pytest.mark.parametrize('better', [1, 2])
def test_where_masks_overlap_the_better_score_has_the_pixel(shown, better):
    places = {1: disc(120, 120, 60), 2: disc(190, 120, 60)}
    shown.open(*(mask(i, place, 0.9 if i == better else 0.5) for i, place in places.items()))
    # The rim of the other one is not seen there either.
    for y in (90, 105, 135, 150):
        assert is_near(shown.colour(155, y), tinted(better))
    assert is_near(shown.colour(90, 150), tinted(1))
    assert is_near(shown.colour(220, 150), tinted(2))


def test_a_mask_with_a_low_score_is_dashed_and_called_unsure(shown):
    shown.open(mask(1, disc(160, 120, 80), 0.36))
    expect(shown.row(1).locator('.state')).to_have_text('tracked')
    assert rim(shown, 80) > 0.95
    [(_, _, sure, _)] = shown.labels()
    shown.show(mask(1, disc(160, 120, 80), 0.34))
    expect(shown.row(1).locator('.state')).to_have_text('unsure')
    assert rim(shown, 80) < 0.9
    [(_, _, unsure, _)] = shown.labels()
    assert unsure > sure + 20


def test_the_opacity_of_masks_is_chosen_down_to_the_outline(shown):
    page = shown.open(mask(1, disc(160, 120, 80)))
    slider, text = page.get_by_role('slider'), page.locator('#opacity-text')
    slider.fill('80')
    assert is_near(shown.colour(160, 65), tinted(1, 0.8))
    page.keyboard.press('o')
    assert is_near(shown.colour(160, 65), tinted(1))
    page.keyboard.press('o')
    page.keyboard.press('o')
    expect(text).to_have_text('outline only')
    assert is_near(shown.colour(160, 65), GREY)
    assert rim(shown, 80) > 0.95


@pytest.mark.parametrize(('width', 'height'), [(390, 844), (1280, 800)])
def test_the_image_keeps_its_place_while_the_panel_grows(shown, width, height):
    one, other = mask(1, disc(100, 120, 20)), mask(2, disc(200, 120, 20))
    page = shown.open(one, width=width, height=height)
    place = page.locator('#image').bounding_box()
    shown.show(one, other)
    assert page.locator('#image').bounding_box() == place
