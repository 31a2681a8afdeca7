"""Labels as a page draws them."""

from __future__ import annotations

import numpy as np

from picosam_ros.drawing.overlay import SHIFT, outlines
from picosam_ros.labelling.labelled import Label


def outline_of(label: Label, width: int, height: int) -> list[list[float]]:
    """Return curves of x, y, x, y … in pixels of an image of this size, to 0.1; none if empty."""
    if not label.counts:
        return []
    inside = np.ascontiguousarray(label.to_image(width, height)).view(np.bool_)
    return [np.round(curve / (1 << SHIFT), 1).ravel().tolist() for curve in outlines(inside)]
