"""All things of a picture drawn on it: each pixel in the colour of the smallest thing there."""

from __future__ import annotations

import numpy as np

from picosam_ros.drawing.overlay import NOMINAL_SIDE, LinePainter, colour_of, outlines
from picosam_ros.engines.everything import Everything
from picosam_ros.frame import Pixels

# Share of the colour in a thing's pixels: more than in one object's, since they lie side by side.
OPACITY = 0.5


def draw_everything(frame_pixels: Pixels, found: Everything) -> Pixels:
    """Draw all masks, the smaller ones on top of the larger ones, without labels.

    Args:
        frame_pixels: H×W×3 uint8, R, G, B, the image that they were found in; not written.
        found: what was found there.

    Returns:
        A new H×W×3 uint8 array, R, G, B.

    """
    image = np.array(frame_pixels, np.uint8, order='C')
    labels = found.labels()
    colours = [(0, 0, 0), *(colour_of(mask.prompt.object_id) for mask in found.masks)]
    tint = np.array(colours, np.float32)[labels]
    tinted = (1 - OPACITY) * image + OPACITY * tint
    np.copyto(image, tinted.astype(np.uint8), where=(labels > 0)[..., None])
    # Thinner than around a single object: many of them touch.
    painter = LinePainter(image, max(0.5, min(image.shape[:2]) / NOMINAL_SIDE / 2))
    for mask in found.masks:
        region = mask.region
        contours = outlines(region.inside, region.x, region.y)
        painter.outline(contours, colour_of(mask.prompt.object_id))
    return image
