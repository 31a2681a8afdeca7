"""All things in the picture, outlined in the page; a click takes one of them."""

import re
import time

import numpy as np
import pytest
from helpers.harness import PATIENCE, Client

from picosam_ros.msg import MaskArray, Prompt
from picosam_ros.resample import paste
from picosam_ros.roi import Roi

pytest.importorskip('aiohttp', reason='the viewer needs aiohttp: pip install aiohttp')
from helpers.chromium import CHROMIUM_IS_HERE, expect
from helpers.page import (
    RADIUS,
    click,
    discs,
    found_on,
    is_pale,
    on_screen,
    shown,
)
from helpers.patient import until

pytestmark = CHROMIUM_IS_HERE


def look_for_everything(page):
    """Look for all things until each of the discs is found: the time may be over before."""
    state, deadline = page.locator('#everything-state p'), time.monotonic() + PATIENCE
    while True:
        page.keyboard.press('a')
        expect(state).to_have_text(re.compile('of [1-9].* clicks answered'))
        if state.inner_text().startswith('3 things'):
            return
        assert time.monotonic() < deadline, state.inner_text()
        page.locator('#everything').click()
        expect(state).to_be_hidden()


def is_outlined(page, place):
    """Whether most of a disc's rim is drawn in a light grey, which neither disc nor ground is."""
    pixels, angles = shown(page).min(axis=2), np.linspace(0, 2 * np.pi, 90, endpoint=False)
    rim = place + RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    around = [pixels[y - 4 : y + 5, x - 4 : x + 5].max() for x, y in rim.round().astype(int)]
    return np.mean(np.array(around) > 90) > 0.8


def pixels_in(mask):
    """Return the 480×640 pixels of an image that are in the mask of a message."""
    probability = np.array(mask.probability, np.float32).reshape(mask.height, mask.width)
    roi = Roi(mask.roi.x, mask.roi.y, mask.roi.width, mask.roi.height)
    x, y, logits = paste(probability - 127.5, roi, 640, 480)
    inside = np.zeros((480, 640), bool)
    inside[y : y + logits.shape[0], x : x + logits.shape[1]] = logits > 0
    return inside


def test_everything_is_outlined_and_a_click_takes_the_thing_under_the_pointer(page, camera):
    client = Client(camera)
    arrays = client.subscribe(MaskArray, f'{camera.name}/masks')
    prompts = client.subscribe(Prompt, 'prompt')
    client.known_to(f'{camera.namespace}/viewer')
    places = discs(page)
    left, middle, right = places
    assert not any(is_outlined(page, place) for place in places)
    page.mouse.move(*on_screen(page, 320, 60))
    look_for_everything(page)
    expect(page.locator('#frozen')).to_be_visible()
    until(lambda: all(is_outlined(page, place) for place in places))
    expect(page.locator('#objects li')).to_have_count(0)
    before = shown(page).astype(int)
    page.mouse.move(*on_screen(page, *middle))
    until(lambda: is_pale(page, middle))
    thing = np.abs(shown(page) - before).max(axis=2) > 20
    # A message may have come or gone elsewhere.
    thing[:, :260] = thing[:, 380:] = thing[:180] = thing[300:] = False
    click(page, *middle)
    found_on(page, 1, middle)
    client.wait_for(lambda: any(array.masks for array in arrays))
    [made] = next(array for array in arrays if array.masks).masks
    taken = pixels_in(made)
    assert np.count_nonzero(taken & thing) > 0.85 * np.count_nonzero(taken | thing)
    [asked] = client.wait_for(lambda: list(prompts))
    (rows, columns), box = np.nonzero(thing), asked.box
    bounds = [columns.min(), rows.min(), columns.max(), rows.max()]
    assert [box.x0, box.y0, box.x1, box.y1] == pytest.approx(bounds, abs=2.5)
    page.keyboard.press('Escape')
    expect(page.locator('#frozen')).to_be_hidden()
    until(lambda: not is_outlined(page, left) and not is_outlined(page, right))
    found_on(page, 1, middle)
    client.close()
