"""What the page copies and saves of an object, run elsewhere: the same object."""

import shlex
import subprocess

import cv2
import numpy as np
import pytest
import yaml
from builtin_interfaces.msg import Time
from helpers.harness import PATIENCE, Client, Process
from helpers.installed import executable
from helpers.photo_clicks import pixels_of
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from picosam_ros.models import DEFAULT_MODEL
from picosam_ros.msg import Point2D, Prompt, PromptStatus

pytest.importorskip('aiohttp', reason='the viewer needs aiohttp: pip install aiohttp')
from helpers.chromium import CHROMIUM_IS_HERE, Pages, chromium, expect
from helpers.page import click, film, is_selected, row, viewed

pytestmark = CHROMIUM_IS_HERE

CUP, SAUCER = (320, 240), (190, 300)


@pytest.fixture(scope='module')
def camera(tmp_path_factory):
    """Run a camera that looks at a photo of a cup, with the network that ships."""
    parameters = {
        'camera': 'video',
        'source': film(tmp_path_factory.mktemp('photo') / 'coffee.avi', pixels_of('coffee')),
        'model': DEFAULT_MODEL,
        'threads': 1,
        'prompt_max_age': PATIENCE,
        'rate': 10.0,
    }
    with Process('camera', parameters) as process:
        yield process
        process.stop()


@pytest.fixture(scope='module')
def page(camera):
    """Open the page, mark the cup and not its saucer, and freeze the image with that mask."""
    with viewed(camera) as url, chromium() as browser, Pages(browser) as pages:
        page = pages.open(url)
        page.context.grant_permissions(['clipboard-read', 'clipboard-write'])
        expect(page.locator('#diagnostics')).to_contain_text('camera: segmentation')
        click(page, *CUP)
        is_selected(page, 1)
        page.keyboard.down('Shift')
        click(page, *SAUCER)
        page.keyboard.up('Shift')
        expect(page.locator('#undo')).to_be_enabled()
        expect(row(page, 1).locator('.state')).to_have_text('tracked')
        page.locator('#freeze').click()
        yield page


def copied(page, name):
    """Copy by the menu; return the text."""
    page.locator('#save').click()
    # The clipboard may hold the text of the test before.
    page.evaluate("navigator.clipboard.writeText('')")
    page.get_by_role('button', name=name).click()
    page.wait_for_function("navigator.clipboard.readText().then((text) => text !== '')")
    return page.evaluate('navigator.clipboard.readText()')


@pytest.fixture(scope='module')
def saved(page, tmp_path_factory):
    """Save image and mask; return their folder, and the mask as H×W bool."""
    folder = tmp_path_factory.mktemp('saved')
    for name in ('image PNG', 'mask of'):
        page.locator('#save').click()
        with page.expect_download() as file:
            page.get_by_role('button', name=name).click()
        path = folder / file.value.suggested_filename
        file.value.save_as(path)
    return folder, cv2.imread(str(path), cv2.IMREAD_UNCHANGED) == 255


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


def test_the_command_on_the_saved_image_finds_the_object(page, saved):
    folder, mask = saved
    name, *words = shlex.split(copied(page, 'segment'))
    assert name == 'picosam'
    assert words.count('--point') == 2
    assert words[words.index('--model') + 1] == DEFAULT_MODEL
    subprocess.run([executable(name), *words], cwd=folder, check=True, timeout=4 * PATIENCE)
    assert iou(cv2.imread(str(folder / 'mask.png'), cv2.IMREAD_UNCHANGED) > 0, mask) >= 0.9


def test_the_python_lines_on_the_saved_image_find_the_object(page, saved, monkeypatch):
    folder, mask = saved
    monkeypatch.chdir(folder)
    result = {}
    exec(copied(page, 'Python'), result)
    assert iou(result['inside'], mask) >= 0.9


def test_the_file_of_the_mask_is_what_the_node_publishes_and_its_line_is_taken(page, saved, camera):
    _, mask = saved
    client = Client(camera)
    labels = client.subscribe(Image, f'{camera.name}/label_mask')
    answers = client.subscribe(PromptStatus, f'{camera.name}/prompt_status')
    client.wait_for(lambda: labels)
    published = np.frombuffer(labels[-1].data, np.uint8).reshape(480, 640) == 1
    assert iou(mask, published) >= 0.97
    *words, topic, kind, text = shlex.split(copied(page, 'ros2'))
    assert words == ['ros2', 'topic', 'pub', '--once']
    assert topic == f'{camera.namespace}/prompt'
    assert kind == 'picosam_ros/msg/Prompt'
    # Fields that are not the message's, or of other types, are refused.
    fields = yaml.safe_load(text)
    header = Header(stamp=Time(**fields.pop('header').pop('stamp')))
    points = [Point2D(**point) for point in fields.pop('points')]
    assert [point.label for point in points] == [1, 0]
    publisher = client.publisher(Prompt, topic)
    client.wait_for(publisher.get_subscription_count)
    publisher.publish(Prompt(header=header, points=points, **fields))
    client.wait_for(lambda: answers)
    assert (answers[0].object_id, answers[0].state) == (1, PromptStatus.ACCEPTED)
    client.close()
