"""A page that shows masks of a test, and what of it is on the screen."""

import cv2
import numpy as np
from helpers.chromium import expect
from helpers.viewer_server import HEIGHT, WIDTH, make_frame, show_to_browsers

from picosam_ros.drawing.overlay import OPACITY, PALETTE
from picosam_ros.roi import Roi
from picosam_ros.viewer.frames import ViewerMask

GREY = (150, 150, 150)
ROWS, COLUMNS = np.mgrid[:HEIGHT, :WIDTH]


def disc(x, y, radius):
    """Return H×W bool."""
    return (COLUMNS - x) ** 2 + (ROWS - y) ** 2 <= radius**2


def rectangle(left, top, width, height):
    """Return H×W bool."""
    across = (left <= COLUMNS) & (left + width > COLUMNS)
    return across & (top <= ROWS) & (top + height > ROWS)


def mask(object_id, inside, score=0.9, candidates=1, generation=1):
    """Make a mask that covers the whole image."""
    probability = np.where(inside, 255, 0).astype(np.uint8)
    whole = Roi(0, 0, WIDTH, HEIGHT)
    return ViewerMask(object_id, generation, 'host', score, probability, whole, candidates)


class Shown:
    """A page and what its server shows on it."""

    def __init__(self, served, pages):
        self.served, self._pages, self._number = served, pages, 0

    def open(self, *masks, pixels=None, **options):
        """Open the page; pixels are H×W×3, grey unless given."""
        self._pixels = np.full((HEIGHT, WIDTH, 3), GREY, np.uint8) if pixels is None else pixels
        show_to_browsers(self.served, self._frame(masks))
        self.page = self._pages.open(self.served.server.url, **options)
        # It stands on the image until the first click, dark as a label is.
        self.page.locator('#invitation').evaluate('node => { node.style.visibility = "hidden"; }')
        self._drawn(masks)
        return self.page

    def show(self, *masks):
        """Show another image."""
        self.served.show(self._frame(masks))
        self._drawn(masks)

    def _frame(self, masks):
        self._number += 1
        pixels = self._pixels
        return make_frame(self._number, pixels=lambda: pixels, masks=masks, segmented=True)

    def _drawn(self, masks):
        """Wait until the masks are listed with their scores: they are drawn before."""
        for one in masks:
            expect(self.row(one.object_id).locator('.number')).to_have_text(f'{one.score:.2f}')
        expect(self.page.locator('#objects li')).to_have_count(len(masks))

    def row(self, object_id):
        """Return an object's row of the list."""
        return self.page.locator(f'#objects li[data-object="{object_id}"]')

    def picture(self):
        """Return the canvas as it is on the screen."""
        png = self.page.locator('#image').screenshot()
        return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[..., ::-1].astype(int)

    def colour(self, x, y):
        """Return the colour at a pixel of the image, while all of it is shown."""
        picture = self.picture()
        scale = picture.shape[1] / WIDTH
        return picture[int((y + 0.5) * scale), int((x + 0.5) * scale)]

    def on_screen(self, x, y):
        """Return where a pixel of the image is in the window, while all of it is shown."""
        box = self.page.locator('#image').bounding_box()
        scale = box['width'] / WIDTH
        return box['x'] + (x + 0.5) * scale, box['y'] + (y + 0.5) * scale

    def labels(self):
        """Find the labels: left, top, width and height in pixels of the screen."""
        dark = (self.picture().max(axis=2) < 90).astype(np.uint8)
        # Letters and dots are closed, lines and rims are opened.
        closed = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((11, 11)))
        boxes = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((15, 33)))
        _, _, stats, _ = cv2.connectedComponentsWithStats(boxes)
        return [tuple(map(int, box[:4])) for box in stats[1:]]

    def label_centres(self):
        """Return the middle of each label, in pixels of the image."""
        scale = self.picture().shape[1] / WIDTH
        return [((x + w / 2) / scale, (y + h / 2) / scale) for x, y, w, h in self.labels()]

    def middle_of_label(self):
        """Return where the only label is in the window."""
        [(x, y, width, height)] = self.labels()
        box = self.page.locator('#image').bounding_box()
        return box['x'] + x + width / 2, box['y'] + y + height / 2


def tinted(object_id, opacity=OPACITY):
    """Return the colour of the picture under the mask of an object."""
    return np.array(GREY) * (1 - opacity) + np.array(PALETTE[object_id - 1]) * opacity


def is_near(colour, expected, tolerance=12):
    """Return whether colours are the same, but for JPEG."""
    return np.abs(np.subtract(colour, expected)).max() < tolerance
