"""Prompts as the serialised bytes of picosam_ros/Prompt, for recordings without ROS."""

from __future__ import annotations

from collections.abc import Sequence

from picosam_ros.prompt import Box, Point
from picosam_ros.wire.messages import Writer

_SET, _REFINE, _REMOVE = 0, 1, 2  # actions of Prompt.msg
_NO_BOX = Box(0, 0, 0, 0)


def serialise_prompt(
    stamp_ns: int,
    object_id: int,
    points: Sequence[Point],
    box: Box | None,
    *,
    refine: bool = False,
    size_step: int = 0,
) -> bytes:
    """Return the message that starts an object, or that is about the mask that it has (`refine`).

    Its frame id is empty, and the side of its square 0, as in the prompts of a viewer.
    """
    return _serialise(stamp_ns, _REFINE if refine else _SET, object_id, points, box, size_step)


def serialise_removal(stamp_ns: int, object_id: int) -> bytes:
    """Return the message that removes an object."""
    return _serialise(stamp_ns, _REMOVE, object_id)


def _serialise(
    stamp_ns: int,
    action: int,
    object_id: int,
    points: Sequence[Point] = (),
    box: Box | None = None,
    size_step: int = 0,
) -> bytes:
    corners = box or _NO_BOX
    writer = Writer()
    writer.header(stamp_ns, '')
    writer.put('BB', action, object_id)
    writer.put('I', len(points))
    for point in points:
        writer.put('ddB', point.x, point.y, point.positive)
    writer.put('dddd', corners.x0, corners.y0, corners.x1, corners.y1)
    writer.put('Ib', 0, size_step)
    return writer.message()
