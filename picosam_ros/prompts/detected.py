"""Boxes of detectors, as vision_msgs describes them."""

from __future__ import annotations

import math
from typing import Any

from picosam_ros.prompt import Box


def to_box(message: Any) -> Box:
    """Read a vision_msgs/BoundingBox2D: its centre is a pixel's, its size counts pixels.

    A turned box gives the upright one around it. Nonsense stays what it is: Prompt refuses it.
    """
    turn = message.center.theta if math.isfinite(message.center.theta) else math.nan
    cosine, sine = abs(math.cos(turn)), abs(math.sin(turn))
    width = message.size_x * cosine + message.size_y * sine
    height = message.size_x * sine + message.size_y * cosine
    x, y = message.center.position.x, message.center.position.y
    reach_x, reach_y = (width - 1) / 2, (height - 1) / 2
    return Box(x - reach_x, y - reach_y, x + reach_x, y + reach_y)
