"""Examples for data sets: images with known masks."""

from pathlib import Path

import cv2
import numpy as np

from picosam_ros.datasets.base import TRAIN, VALIDATION, Contents, Example
from picosam_ros.frame import Frame
from picosam_ros.labelling.labelled import Label, LabelledImage
from picosam_ros.mask import encode_rle
from picosam_ros.sequences.base import SequenceImage

WIDTH, HEIGHT = 160, 120
PERIOD_NS = 50_000_000
CONTENTS = Contents(('cup', 'spoon'), {'one': Path('one.mp4'), 'two': Path('two')})


def disc(x, y, radius):
    rows, columns = np.ogrid[:HEIGHT, :WIDTH]
    return ((columns - x) ** 2 + (rows - y) ** 2 <= radius**2).astype(np.uint8)


def masks():
    """Return masks that are hard to draw, by what they are."""
    ring = disc(80, 60, 40) - disc(70, 60, 12) - disc(95, 60, 8)
    dot = np.zeros((HEIGHT, WIDTH), np.uint8)
    dot[17, 41] = 1
    line = np.zeros_like(dot)
    line[5:90, 33] = 1
    corners = np.zeros_like(dot)
    corners[10:20, 10:20] = corners[20:30, 20:30] = 1
    return {
        'disc': disc(60, 50, 30),
        'holes': ring,
        'an island in a hole': ring | disc(70, 60, 4),
        'parts': disc(30, 30, 20) | disc(120, 80, 25) | disc(20, 110, 5),
        'at the border': disc(0, 0, 30) | disc(WIDTH - 1, HEIGHT - 1, 25),
        'all': np.ones_like(dot),
        'one pixel': dot,
        'a line': line,
        'squares that touch at a corner': corners,
    }


def label(mask, object_id=1, name='cup', score=0.9):
    return Label(object_id, name, encode_rle(mask.astype(bool))['counts'], score)


def labelled(number, labels):
    return LabelledImage(number, number * PERIOD_NS, WIDTH, HEIGHT, tuple(labels))


def example(number, labels, recording='one', *, split=TRAIN, chosen=True, jpeg=b''):
    """Make an example; `labels` of None is one that nobody answered."""
    pixels = np.random.default_rng(number).integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), np.uint8)
    pixels = cv2.resize(pixels, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    frame = Frame(np.asarray(pixels, np.uint8), number * PERIOD_NS, 'lens')
    image = SequenceImage(number, frame, number * PERIOD_NS + 7, jpeg)
    found = None if labels is None else labelled(number, labels)
    return Example(recording, split, image, found, chosen)


def examples():
    """Return two recordings; of the second one, images that formats of single images leave out."""
    hard = list(masks().values())
    one = [example(number, [label(mask)]) for number, mask in enumerate(hard)]
    overlapping = [
        label(disc(60, 60, 30), 1, 'cup', 0.5),
        label(disc(80, 60, 30), 2, 'spoon', 0.8),
        Label(3, 'spoon'),  # not seen
    ]
    two = [
        example(0, overlapping, 'two', split=VALIDATION),
        example(1, overlapping, 'two', split=VALIDATION, chosen=False),
        example(2, None, 'two', split=VALIDATION, chosen=False),
        example(4, [], 'two', split=VALIDATION),
    ]
    return [*one, *two]
