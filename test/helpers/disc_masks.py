"""Masks of discs, as the network gives them in squares of a small image."""

import numpy as np

from picosam_ros.mask import Mask
from picosam_ros.prompt import Prompt
from picosam_ros.roi import Roi

WIDTH, HEIGHT = 320, 240
MIDDLE = (160, 120)
CLICK = Prompt.from_point(*MIDDLE)


def disc(x, y, radius, *, at=MIDDLE, side=320, size=96, score=1.0, prompt=CLICK):
    """Draw a disc, in pixels of the image, in a square around a point; logits are its depth."""
    roi = Roi.square(*at, side)
    rows, columns = np.mgrid[:size, :size]
    xs, ys = roi.affine_to(size, size).inverse()(columns, rows)
    logits = (radius - np.hypot(xs - x, ys - y)).astype(np.float32)
    return Mask(prompt, logits, roi, WIDTH, HEIGHT, 'drawn', score)
