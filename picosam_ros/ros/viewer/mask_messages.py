"""Masks of messages as browsers are shown them; their pixels are not copied."""

from __future__ import annotations

import numpy as np

from picosam_ros.msg import Mask, MaskArray
from picosam_ros.roi import Roi
from picosam_ros.ros.messages import from_time
from picosam_ros.viewer.assembler import FrameMasks
from picosam_ros.viewer.frames import ImageMasks, ViewerMask


def to_frame_masks(message: MaskArray) -> FrameMasks:
    """Return the masks of one frame.

    Raises:
        ImageError: the stamp is none.
        ValueError: pixels do not fill a mask's size.

    """
    return FrameMasks(from_time(message.header.stamp), _masks(message), _unanswered(message))


def to_image_masks(message: MaskArray) -> ImageMasks:
    """Return the masks of one image; raises as `to_frame_masks` does."""
    return ImageMasks(
        from_time(message.header.stamp),
        message.image_width,
        message.image_height,
        _masks(message),
        _unanswered(message),
    )


def _masks(message: MaskArray) -> tuple[ViewerMask, ...]:
    return tuple(map(_to_mask, message.masks))


def _unanswered(message: MaskArray) -> tuple[tuple[int, str], ...]:
    return tuple(zip(message.unanswered, message.reasons, strict=False))


def _to_mask(message: Mask) -> ViewerMask:
    roi = message.roi
    return ViewerMask(
        message.object_id,
        message.generation,
        message.engine,
        message.score,
        np.frombuffer(message.probability, np.uint8).reshape(message.height, message.width),
        Roi(roi.x, roi.y, roi.width, roi.height),
        message.candidates,
    )
