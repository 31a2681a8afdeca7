"""A bright disc on a dark picture, and a network that is a threshold on red."""

import cv2
import numpy as np

from picosam_ros import Frame
from picosam_ros.engines.base import Capabilities, Engine
from picosam_ros.engines.squares import square_for
from picosam_ros.mask import Mask
from picosam_ros.resample import crop
from picosam_ros.results import Segmentation

WIDTH, HEIGHT = 640, 480
DARK, BRIGHT, BLUE = (20, 40, 60), (240, 60, 40), (30, 40, 230)
SIDE = 120


def picture(x, y=240, radius=30, colour=BRIGHT):
    """Paint a disc."""
    pixels = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    pixels[...] = DARK
    centre, radius = (round(16 * x), round(16 * y)), round(16 * radius)
    cv2.circle(pixels, centre, radius, colour, -1, cv2.LINE_8, 4)
    return Frame(pixels)


EMPTY = picture(-500)


class Threshold(Engine):
    """What is red is the object, in the square around the prompt; every run is counted."""

    name = 'threshold'
    capabilities = Capabilities(negative_points=False, boxes=True, boxes_with_points=False)
    description, warning = {}, ''

    def __init__(self):
        self.runs = []

    def open(self):
        pass

    def close(self):
        pass

    def segment_frame(self, frame, prompts):
        self.runs.append([prompt.object_id for prompt in prompts])
        return Segmentation(tuple(mask_of(frame, prompt) for prompt in prompts))


def mask_of(frame, prompt, *, channel=0, score=1.0):
    """Give what is bright in a channel of the prompt's square."""
    roi = square_for(prompt, frame.width, frame.height)
    pixels = np.empty((96, 96, 3), np.uint8)
    crop(frame.pixels, roi, pixels)
    logits = (pixels[..., channel].astype(np.float32) - 128) / 16
    return Mask(prompt, logits, roi, frame.width, frame.height, 'threshold', score)
