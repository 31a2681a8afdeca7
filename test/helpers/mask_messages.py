"""Masks as rclpy's own messages, field by field: what the bytes of wire/ are held against."""

from collections.abc import Sequence

from picosam_ros.frame import Frame
from picosam_ros.mask import Mask
from picosam_ros.msg import Box2D, MaskArray
from picosam_ros.msg import Mask as MaskMessage
from picosam_ros.msg import Roi as RoiMessage
from picosam_ros.results import Unanswered
from picosam_ros.ros.messages import header_of, to_bytes


def to_mask_array(
    frame: Frame, masks: Sequence[Mask], unanswered: Sequence[Unanswered]
) -> MaskArray:
    """All masks of a frame, under the frame's header."""
    return MaskArray(
        header=header_of(frame),
        image_width=frame.width,
        image_height=frame.height,
        masks=[to_mask(mask) for mask in masks],
        unanswered=bytes(missing.prompt.object_id for missing in unanswered),
        reasons=[missing.reason for missing in unanswered],
    )


def to_mask(mask: Mask) -> MaskMessage:
    """One mask, at the size of its ROI in network pixels."""
    height, width = mask.logits.shape
    message = MaskMessage(
        object_id=mask.prompt.object_id,
        generation=mask.prompt.generation,
        engine=mask.engine,
        score=mask.score,
        candidates=mask.candidates,
        empty=mask.empty,
        roi=RoiMessage(
            x=float(mask.roi.x),
            y=float(mask.roi.y),
            width=float(mask.roi.width),
            height=float(mask.roi.height),
        ),
        width=width,
        height=height,
        area=mask.area,
    )
    message.probability = to_bytes(mask.probability)
    if mask.box is not None and mask.centroid is not None:
        x0, y0, x1, y1 = map(float, (mask.box.x0, mask.box.y0, mask.box.x1, mask.box.y1))
        message.box = Box2D(x0=x0, y0=y0, x1=x1, y1=y1)
        message.centroid_x, message.centroid_y = mask.centroid
    return message
