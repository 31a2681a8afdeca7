"""Photos with objects to click on, at a size that keeps the tests quick."""

from functools import cache

import cv2
import numpy as np

from benchmarks.films.photo_files import photo_file
from picosam_ros.frame import Frame
from picosam_ros.prompt import Prompt

WIDTH = 480

# Places on objects, in pixels of the files.
PLACES = {
    'astronaut/face': (222, 115),
    'astronaut/patch': (171, 385),
    'astronaut/name tag': (303, 360),
    'coffee/handle': (222, 262),
    'chelsea/left eye': (176, 117),
    'chelsea/right eye': (322, 135),
    'chelsea/nose': (266, 238),
}

# An object of each photo; the network proposes larger and smaller ones at all of these places.
OBJECTS = ('astronaut/face', 'astronaut/patch', 'coffee/handle', 'chelsea/right eye')


@cache
def _photo(name):
    return cv2.cvtColor(cv2.imread(str(photo_file(name))), cv2.COLOR_BGR2RGB)


@cache
def pixels_of(name):
    """Return a photo as H×480×3 uint8 RGB, read-only; `name` may have an object behind a slash."""
    pixels = _photo(name.partition('/')[0])
    height = round(WIDTH * pixels.shape[0] / pixels.shape[1])
    resized = cv2.resize(pixels, (WIDTH, height), interpolation=cv2.INTER_AREA)
    resized.flags.writeable = False
    return resized


def folder_of(name, folder):
    """Write one photo into a folder, for a camera that stays with it; return the folder's path.

    The camera's own photos change: an object is lost with its photo, whenever that happens.
    """
    cv2.imwrite(str(folder / f'{name}.png'), pixels_of(name)[..., ::-1])
    return str(folder)


def frame_of(name, *, dx=0, dy=0):
    """Return the photo as a frame, after a motion of whole pixels."""
    return Frame(np.roll(pixels_of(name), (dy, dx), (0, 1)))


def click_on(name, **options):
    """Return a click on photo/object."""
    x, y = PLACES[name]
    scale = WIDTH / _photo(name.partition('/')[0]).shape[1]
    return Prompt.from_point(scale * x, scale * y, **options)


def iou(a, b):
    """Return the IoU of two masks of an image."""
    return np.count_nonzero(a & b) / np.count_nonzero(a | b)


def deepest(inside):
    """Return x and y of the pixel that lies deepest in a region."""
    depth = cv2.distanceTransform(np.pad(inside.astype(np.uint8), 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    row, column = np.unravel_index(depth.argmax(), depth.shape)
    return float(column), float(row)


def answer(engine, frame, prompt):
    [mask] = engine.segment(frame, [prompt])
    return mask


def clicked(engine, name):
    """Click on an object of a photo: the frame, the prompt and its mask."""
    frame, prompt = frame_of(name), click_on(name)
    return frame, prompt, answer(engine, frame, prompt)
