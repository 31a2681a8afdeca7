"""Files and texts that the user takes from the page, opened as others would open them."""

import json
import re

import cv2
import numpy as np
import pytest
from helpers.chromium import CHROMIUM_IS_HERE, expect
from helpers.shown import Shown, disc, mask, rectangle
from helpers.viewer_server import HEIGHT, WIDTH

from picosam_ros.bags.messages import read_frame
from picosam_ros.bags.recording import Recording
from picosam_ros.evaluation.coco_masks import decode_rle
from picosam_ros.viewer import hub as hub_module

pytestmark = CHROMIUM_IS_HERE

# A ring, one that the image's corner cuts off, and a small one: each shape once.
RING = disc(160, 120, 60) & ~disc(170, 120, 25)
CORNER = disc(310, 230, 40)
SMALL = disc(60, 60, 12)


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


def download(page, name, folder):
    """Save by the menu; return the file's path."""
    page.locator('#save').click()
    with page.expect_download() as file:
        page.get_by_role('button', name=name).click()
    path = folder / file.value.suggested_filename
    file.value.save_as(path)
    return path


@pytest.mark.parametrize('inside', [RING, CORNER, SMALL, rectangle(0, 0, WIDTH, HEIGHT)])
def test_the_file_of_a_mask_is_grey_of_the_images_size_and_that_mask(shown, tmp_path, inside):
    path = download(shown.open(mask(1, inside)), 'mask of', tmp_path)
    saved = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert saved.shape == (HEIGHT, WIDTH)
    assert set(np.unique(saved)) <= {0, 255}
    assert iou(saved == 255, inside) >= 0.97


def test_of_several_objects_the_mask_is_the_selected_ones_and_has_its_name(shown, tmp_path):
    page = shown.open(mask(1, RING), mask(2, SMALL))
    page.locator('#save').click()
    expect(page.get_by_role('button', name='mask of')).to_be_disabled()
    expect(page.get_by_role('button', name='cut-out')).to_be_disabled()
    expect(page.get_by_role('button', name='all objects')).to_be_enabled()
    page.keyboard.press('Escape')
    expect(page.locator('#save-menu')).to_be_hidden()
    assert shown.served.backend.cleared == 0
    page.keyboard.press('2')
    page.keyboard.press('n')
    page.locator('.name-field').fill('red cup/2')
    page.keyboard.press('Enter')
    path = download(page, 'mask of', tmp_path)
    assert path.name.endswith('-red-cup-2-mask.png')
    assert iou(cv2.imread(str(path), cv2.IMREAD_UNCHANGED) == 255, SMALL) >= 0.97


def test_a_cut_out_is_the_objects_pixels_and_nothing_else(shown, tmp_path):
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    pixels = np.dstack([columns * 200 // WIDTH, rows, 255 - rows]).astype(np.uint8)
    page = shown.open(mask(1, RING), pixels=pixels)
    saved, whole = (
        cv2.imread(str(download(page, name, tmp_path)), cv2.IMREAD_UNCHANGED)
        for name in ('cut-out', 'mask of')
    )
    x, y, width, height = cv2.boundingRect(whole)
    part = slice(y, y + height), slice(x, x + width)
    assert np.array_equal(saved[..., 3], whole[part])
    opaque, original = saved[..., 3] == 255, pixels[part][..., ::-1].astype(int)
    assert np.abs(saved[..., :3][opaque] - original[opaque]).max() <= 12


def test_the_coco_file_has_each_object_with_its_name_as_category(shown, tmp_path):
    whole = {1: RING, 2: SMALL, 3: CORNER}
    page = shown.open(*(mask(i, inside, 0.5 + i / 10) for i, inside in whole.items()))
    page.locator('#objects li[data-object="2"] .choose').dblclick()
    page.locator('.name-field').fill('a "cup"')
    page.keyboard.press('Enter')
    path = download(page, 'all objects', tmp_path)
    coco = json.loads(path.read_text('utf-8'))
    [image] = coco['images']
    assert (image['width'], image['height']) == (WIDTH, HEIGHT)
    assert image['file_name'] == path.name.replace('coco.json', 'image.png')
    named = {each['id']: each['name'] for each in coco['categories']}
    assert sorted(named.values()) == ['a "cup"', 'object']
    for each in coco['annotations']:
        inside = decode_rle(each['segmentation'])
        assert iou(inside == 1, whole[each['id']]) >= 0.97
        assert each['area'] == inside.sum()
        assert each['bbox'] == list(cv2.boundingRect(np.ascontiguousarray(inside)))
        assert (each['image_id'], each['iscrowd']) == (image['id'], 0)
        assert each['score'] == pytest.approx(0.5 + each['id'] / 10)
    assert {each['id']: named[each['category_id']] for each in coco['annotations']} == {
        1: 'object',
        2: 'a "cup"',
        3: 'object',
    }


def test_where_there_is_no_object_the_image_can_be_saved_and_nothing_else(shown, tmp_path):
    page = shown.open()
    saved = cv2.imread(str(download(page, 'image PNG', tmp_path)))
    assert saved.shape == (HEIGHT, WIDTH, 3)
    assert np.ptp(saved) < 6
    page.keyboard.press('m')
    for name in ('mask of', 'cut-out', 'all objects', 'segment', 'Python'):
        expect(page.get_by_role('button', name=name)).to_be_disabled()


def test_where_the_page_may_not_copy_the_text_is_shown_selected(shown):
    page = shown.open(mask(1, RING))
    # As where the page comes by http from another machine.
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.keyboard.press('m')
    # Nothing of this viewer is in ROS.
    expect(page.locator('#copy-topic')).to_be_hidden()
    page.get_by_role('button', name='segment').click()
    expect(page.locator('#copy-dialog')).to_be_visible()
    selected = page.locator('#copy-dialog textarea').evaluate(
        'it => it.value.slice(it.selectionStart, it.selectionEnd)'
    )
    assert selected.startswith('picosam segment picosam-')
    # What leads to an object that somebody else pointed at is the box around it.
    box = re.search(r' --box ([\d.,]+) -o mask.png$', selected)[1]
    assert np.allclose([float(value) for value in box.split(',')], (100, 60, 220, 180), atol=1)


def test_the_last_seconds_are_saved_as_a_recording_that_opens(shown, tmp_path):
    page = shown.open(mask(1, RING))
    path = download(page, 'last 30 s', tmp_path)
    assert path.suffix == '.mcap'
    with Recording(path) as recording:
        [image] = recording.images(recording.choose(''))
        frame = read_frame(image.serialised, image.kind)
    assert frame.pixels.shape == (HEIGHT, WIDTH, 3)
    assert str(frame.stamp_ns) in path.name
    expect(page.locator('#live')).to_have_text('recording saved')


def test_of_a_recording_that_cannot_be_had_the_reason_is_said(serve, pages, monkeypatch):
    monkeypatch.setattr(hub_module, 'missing', lambda: 'pip install rosbags')
    page = Shown(serve(), pages).open()
    page.locator('#save').click()
    item = page.get_by_role('button', name='last 30 s')
    expect(item).to_be_disabled()
    expect(item).to_contain_text('needs pip install rosbags')


def test_that_the_viewer_has_nothing_recorded_is_told(shown):
    page = shown.open(quiet=False)
    shown.served.server.hub.recorder.stop()
    page.locator('#save').click()
    page.get_by_role('button', name='last 30 s').click()
    expect(page.locator('#notice-list')).to_contain_text('nothing was recorded yet')
