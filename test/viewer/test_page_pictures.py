"""A picture is dropped onto the page of `picosam view`, in a real browser."""

import base64
import shlex

import cv2
import numpy as np
import pytest
from helpers.chromium import CHROMIUM_IS_HERE, expect
from helpers.patient import until
from helpers.viewer_server import show_a_mask_to_browsers

from picosam_ros.cameras import make_camera
from picosam_ros.drawing.overlay import OPACITY, PALETTE
from picosam_ros.engines import make_engine
from picosam_ros.viewer.camera_view import CameraView

pytestmark = CHROMIUM_IS_HERE

RED, BACKGROUND = (200, 30, 30), (60, 60, 60)
TINTED = np.array(RED) * (1 - OPACITY) + np.array(PALETTE[0]) * OPACITY
# Where the disc is in the picture, and in that of the camera.
SIZE, DISC, RADIUS = (500, 400), (350, 120), 60
CAMERA_DISC = (160, 240)

ACT = """([content, name, kind, types]) => {
  const bytes = Uint8Array.from(atob(content), (each) => each.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name));
  const options = { bubbles: true, cancelable: true };
  for (const type of types) {
    const event = kind === 'paste'
      ? new ClipboardEvent(type, { ...options, clipboardData: data })
      : new DragEvent(type, { ...options, dataTransfer: data });
    document.querySelector('#stage').dispatchEvent(event);
  }
}"""


def picture(size, centre):
    """Return a grey PNG with a red disc."""
    rgb = np.full((size[1], size[0], 3), BACKGROUND, np.uint8)
    cv2.circle(rgb, centre, RADIUS, RED, -1)
    return cv2.imencode('.png', rgb[..., ::-1])[1].tobytes()


def drop(page, content, name='red disc.png', types=('dragover', 'drop')):
    page.evaluate(ACT, [base64.b64encode(content).decode(), name, 'drop', types])


def colour(page, size, at):
    """Return the colour at a pixel of an image of that size, all of which is shown."""
    png = page.locator('#image').screenshot()
    bgr = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    scale = bgr.shape[1] / size[0]
    return bgr[int((at[1] + 0.5) * scale), int((at[0] + 0.5) * scale), ::-1].astype(int)


def is_seen(page, size, at, expected):
    until(lambda: np.abs(colour(page, size, at) - expected).max() < 25)


def click(page, size, at):
    box = page.locator('#image').bounding_box()
    scale = box['width'] / size[0]
    page.mouse.click(box['x'] + (at[0] + 0.5) * scale, box['y'] + (at[1] + 0.5) * scale)


@pytest.fixture
def viewed(tiny_network, pages):
    """Return a function that serves a camera, or none, to a page; all end with the test."""
    running = []

    def start(camera=None, **options):
        engine = make_engine('host', model=tiny_network(), threads=1)
        view = CameraView(camera, engine, roi_size=160, port=0)
        view.open()
        running.append(view)
        return pages.open(view.server.link, image=camera is not None, **options)

    yield start
    for view in running:
        view.close()


@pytest.fixture
def disc_camera(tmp_path):
    path = tmp_path / 'camera.png'
    path.write_bytes(picture((640, 480), CAMERA_DISC))
    return make_camera('photos', source=str(path), rate=10.0)


def takes_a_click(page):
    """Click on the disc of the picture; check that it has the mask, and nothing else has."""
    is_seen(page, SIZE, DISC, RED)
    # Off the middle, where the label will be, and the mark of the click.
    click(page, SIZE, (DISC[0] - 25, DISC[1] - 25))
    expect(page.locator('#objects li .state')).to_have_text('tracked')
    for x, y in ((30, 30), (-30, 30), (0, 50)):
        is_seen(page, SIZE, (DISC[0] + x, DISC[1] + y), TINTED)
    is_seen(page, SIZE, (DISC[0] + RADIUS + 12, DISC[1]), BACKGROUND)


def test_without_a_camera_the_page_asks_for_a_picture_and_the_first_click_gives_its_mask(viewed):
    page = viewed()
    expect(page.locator('#empty')).to_have_text('Drop a picture here, or open one below')
    expect(page.locator('#show-camera')).to_be_hidden()
    drop(page, picture(SIZE, DISC), types=['dragover'])
    expect(page.locator('#drop')).to_have_text('drop the picture')
    drop(page, picture(SIZE, DISC), types=['drop'])
    expect(page.locator('#drop')).to_be_hidden()
    takes_a_click(page)
    expect(page.locator('#origin-mark')).to_have_text('red disc.png')
    expect(page.locator('#show-camera')).to_be_hidden()


def test_a_picture_takes_the_cameras_place_until_that_is_wanted_back(viewed, disc_camera):
    page = viewed(disc_camera)
    expect(page.locator('#next-scene')).to_be_visible()
    # Also where the image was frozen.
    page.keyboard.press(' ')
    expect(page.locator('#frozen')).to_be_visible()
    with page.expect_file_chooser() as chooser:
        page.locator('#open-picture').click()
    content = {'name': 'disc.png', 'mimeType': 'image/png', 'buffer': picture(SIZE, DISC)}
    chooser.value.set_files(content)
    expect(page.locator('#frozen')).to_be_hidden()
    expect(page.locator('#next-scene')).to_be_hidden()
    takes_a_click(page)
    page.locator('#show-camera').click()
    expect(page.locator('#show-camera')).to_be_hidden()
    expect(page.locator('#next-scene')).to_be_visible()
    lost = page.locator('#notice-list li', has_text='object 1 lost: the picture changed')
    expect(lost).to_have_count(1)
    # The camera moves a little before the photograph.
    is_seen(page, (640, 480), CAMERA_DISC, RED)


@pytest.mark.parametrize('name', ['red disc.png', "it's; rm -rf $HOME.png"])
def test_the_command_that_is_copied_names_the_file(viewed, name):
    page = viewed()
    page.context.grant_permissions(['clipboard-read', 'clipboard-write'])
    drop(page, picture(SIZE, DISC), name)
    takes_a_click(page)
    page.locator('#save').click()
    page.get_by_role('button', name='as command').click()
    expect(page.locator('.bubble')).to_have_text('copied')
    words = shlex.split(page.evaluate('navigator.clipboard.readText()'))
    assert words[:5] == ['picosam', 'segment', name, '--point', words[4]]
    x, y = map(float, words[4].split(','))
    assert np.hypot(x - DISC[0] + 25, y - DISC[1] + 25) < 2


def test_a_picture_is_pasted(viewed):
    page = viewed()
    page.evaluate(
        ACT, [base64.b64encode(picture(SIZE, DISC)).decode(), 'image.png', 'paste', ['paste']]
    )
    is_seen(page, SIZE, DISC, RED)
    # The browser made the file's name up.
    expect(page.locator('#origin-mark')).to_have_text('a picture')


def test_what_is_no_picture_is_said_and_the_page_goes_on(viewed):
    # The browser itself notes the answer 422 in its console.
    page = viewed(quiet=False)
    drop(page, b'no picture', 'notes.txt')
    told = 'notes.txt: the picture cannot be shown: its format is not known'
    expect(page.locator('.bubble')).to_contain_text(told)
    expect(page.locator('#notice-list li')).to_contain_text(told)
    drop(page, picture(SIZE, DISC))
    takes_a_click(page)


def test_a_robots_page_says_who_takes_pictures(served, pages):
    show_a_mask_to_browsers(served)
    # The browser notes an answer 404 in its console, if the page has to ask.
    page = pages.open(served.server.url, quiet=False)
    expect(page.locator('#open-picture')).to_be_hidden()
    drop(page, picture(SIZE, DISC))
    expect(page.locator('.bubble')).to_contain_text('`picosam view` takes pictures')
    expect(page.locator('#drop')).to_be_hidden()
