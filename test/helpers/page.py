"""What a test sees of the page in a browser, and does there, before a film of three red discs."""

import contextlib
import time

import cv2
import numpy as np
from helpers.chromium import BrowserTimeout, expect
from helpers.harness import PATIENCE, Client, Process
from helpers.photo_clicks import pixels_of
from helpers.rig import BACKGROUND, OBJECT
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

from picosam_ros.drawing.overlay import OPACITY, PALETTE
from picosam_ros.models import DEFAULT_MODEL

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)

# Red discs in an image of 640×480, from left to right. They keep still: what is seen now is there
# still when it is clicked, however much later that is.
DISCS = ((200, 240), (320, 240), (440, 240))
RADIUS = 36
# A corner that blinks tells the images apart.
CORNER = 48


def film(path, pixels):
    """Write two seconds of a picture, RGB, with a corner that blinks; return the file's path."""
    picture = cv2.resize(pixels, (640, 480), interpolation=cv2.INTER_CUBIC)[..., ::-1].copy()
    file = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 15.0, (640, 480))
    for number in range(30):
        picture[:CORNER, :CORNER] = 40 if number % 10 < 5 else 200
        file.write(picture)
    file.release()
    return str(path)


@contextlib.contextmanager
def still_camera(file, pixels, namespace=None, **parameters):
    """Run a camera that looks at a picture, RGB, of which it reads a film; add its parameters."""
    given = {
        'camera': 'video',
        'source': film(file, pixels),
        # Not `auto`: it takes a lighter one where the machine is busy.
        'model': DEFAULT_MODEL,
        'threads': 1,
        'prompt_max_age': PATIENCE,
        'rate': 15.0,
        **parameters,
    }
    with Process('camera', given, namespace=namespace) as process:
        yield process
        process.stop()


def disc_camera(folder, network, places=DISCS, namespace=None):
    """Run a camera that looks at a picture of red discs; its network finds what is red."""
    pixels = np.full((480, 640, 3), BACKGROUND, np.uint8)
    for centre in places:
        cv2.circle(pixels, centre, RADIUS, OBJECT, -1)
    return still_camera(folder / 'discs.avi', pixels, namespace, model=network, roi_size=96)


def cup_camera(folder):
    """Run a camera that looks at a photo of a cup, with the network that ships."""
    return still_camera(folder / 'coffee.avi', pixels_of('coffee'), rate=10.0)


def view(camera, port):
    """Start a viewer of the camera."""
    return Process(
        'viewer', {'port': port}, remaps={'image': 'image_raw'}, namespace=camera.namespace
    )


@contextlib.contextmanager
def viewed(camera):
    """Give the URL of a viewer of the camera."""
    with view(camera, 0) as process:
        client = Client(process)
        urls = client.subscribe(String, f'{process.name}/url', LATCHED)
        client.wait_for(lambda: urls)
        yield urls[0].data
        client.close()
        process.stop()


def remove_all(page, tries=5):
    """Remove all objects; ask again where a busy machine made the viewer give up on the node."""
    # The first frames of a page have no masks: an empty list alone does not prove the removal.
    cleared = page.locator('.bubble', has_text='objects cleared').first
    for _ in range(tries):
        page.keyboard.press('Escape')
        with contextlib.suppress(BrowserTimeout):
            cleared.wait_for(state='attached', timeout=1e3 * PATIENCE / tries)
            break
    else:
        raise AssertionError(page.locator('.bubble').all_inner_texts())
    expect(page.locator('#objects li')).to_have_count(0)


def shown(page):
    """Return the canvas as 480×640×3, whatever its size on the screen."""
    png = page.locator('#image').screenshot()
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    return cv2.resize(pixels, (640, 480), interpolation=cv2.INTER_AREA)


def where(pixels, colour, tolerance=40):
    """Return area and centre of the largest connected part that has about a colour."""
    near = np.abs(pixels.astype(int) - colour).max(axis=2) < tolerance
    count, _, stats, centres = cv2.connectedComponentsWithStats(near.astype(np.uint8))
    if count < 2:
        return 0, (0, 0)
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return int(stats[largest, cv2.CC_STAT_AREA]), tuple(centres[largest])


def tinted(object_id):
    """Return the colour of a red disc under the mask of an object."""
    return np.array(OBJECT) * (1 - OPACITY) + np.array(PALETTE[object_id - 1]) * OPACITY


def discs(page, count=3):
    """Find the red discs that have no mask, from left to right, in pixels of the image.

    A message of the page or a marker may hide one for a while: wait until so many are seen.
    """
    deadline = time.monotonic() + PATIENCE
    while len(found := seen_discs(page)) != count and time.monotonic() < deadline:
        pass
    assert len(found) == count, found
    return found


def seen_discs(page):
    near = np.abs(shown(page).astype(int) - OBJECT).max(axis=2) < 60
    _, _, stats, centres = cv2.connectedComponentsWithStats(near.astype(np.uint8))
    large = stats[:, cv2.CC_STAT_AREA] > 300
    large[0] = False
    return sorted(map(tuple, centres[large]))


def on_screen(page, x, y):
    box = page.locator('#image').bounding_box()
    return box['x'] + (x + 0.5) * box['width'] / 640, box['y'] + (y + 0.5) * box['height'] / 480


def row(page, object_id):
    return page.locator(f'#objects li[data-object="{object_id}"]')


def tap(target, act, event):
    """Tap until the browser makes an event of it: the browser may lose a tap, the page may not."""
    target.evaluate(
        '(it, event) => it.addEventListener(event, () => (it.dataset.tapped = event))', event
    )
    for _ in range(5):
        act()
        with contextlib.suppress(AssertionError):
            expect(target).to_have_attribute('data-tapped', event, timeout=1e3 * PATIENCE / 5)
            return
    raise AssertionError(f'no tap became a {event}')


def click(page, x, y, **options):
    page.mouse.click(*on_screen(page, x, y), **options)


def found_on(page, object_id, near):
    """Check that the object's colour covers the disc that was meant."""
    expect(row(page, object_id).locator('.state')).to_have_text('tracked')
    covers(page, object_id, near)


def is_selected(page, object_id):
    """Wait until the answer has come, maybe after the mask: from then on keys are for it."""
    expect(row(page, object_id).locator('.choose')).to_have_attribute('aria-pressed', 'true')


def covers(page, object_id, near):
    deadline = time.monotonic() + PATIENCE
    # The mark of the prompt hides some of the first masks.
    while not (met := is_covered(page, object_id, near)) and time.monotonic() < deadline:
        pass
    assert met


def is_covered(page, object_id, near):
    area, centre = where(shown(page), tinted(object_id))
    # Rim and label hide some of a disc, and a small JPEG blurs its edge.
    return area > 0.5 * np.pi * RADIUS**2 and np.hypot(*np.subtract(centre, near)) < RADIUS / 2


def is_pale(page, place):
    """Whether the disc at a place is drawn as previewed: whiter than red, and in no object's."""
    x, y = map(round, place)
    disc = shown(page)[y - RADIUS // 2 : y + RADIUS // 2, x - RADIUS // 2 : x + RADIUS // 2]
    red, green, blue = np.median(disc.reshape(-1, 3), axis=0)
    return green > 70 and abs(green - blue) < 40 and red > green + 40


def changes(page):
    """Wait until the page shows another image than now."""
    before, deadline = shown(page), time.monotonic() + PATIENCE
    while np.array_equal(before, shown(page)):
        assert time.monotonic() < deadline
