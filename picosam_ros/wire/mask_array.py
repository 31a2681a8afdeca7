"""Masks as the bytes of a picosam_ros/MaskArray, which rclpy hands to the middleware as they are.

`to_mask_array` gives the same message as an object, which rclpy would have to take apart again.
"""

from __future__ import annotations

from collections.abc import Sequence

from picosam_ros.frame import Frame
from picosam_ros.mask import Mask
from picosam_ros.prompt import Box
from picosam_ros.results import Unanswered
from picosam_ros.wire.cdr import Writer

NO_BOX = Box(0, 0, 0, 0)


def serialise_masks(frame: Frame, masks: Sequence[Mask], unanswered: Sequence[Unanswered]) -> bytes:
    """All masks of a frame, under the frame's header."""
    writer = Writer()
    writer.header(frame.stamp_ns, frame.frame_id)
    writer.put('III', frame.width, frame.height, len(masks))
    for mask in masks:
        _mask(writer, mask)
    writer.octets(bytes(missing.prompt.object_id for missing in unanswered))
    writer.put('I', len(unanswered))
    for missing in unanswered:
        writer.text(missing.reason)
    return writer.message()


def _mask(writer: Writer, mask: Mask) -> None:
    """One mask, field by field as in Mask.msg."""
    height, width = mask.logits.shape
    roi, box = mask.roi, mask.box or NO_BOX
    writer.put('B', mask.prompt.object_id)
    writer.put('I', mask.prompt.generation)
    writer.text(mask.engine)
    writer.put('f?', mask.score, mask.empty)
    writer.put('ddddII', roi.x, roi.y, roi.width, roi.height, width, height)
    writer.octets(mask.probability.tobytes())
    writer.put('I', mask.area)
    writer.put('dddddd', box.x0, box.y0, box.x1, box.y1, *(mask.centroid or (0, 0)))
