"""The nouns of the core as messages, and back."""

from __future__ import annotations

import array
import math
import sys
from collections.abc import Sequence

import cv2
import numpy as np
from builtin_interfaces.msg import Time
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from picosam_ros.frame import Frame, Pixels
from picosam_ros.latency import STAGES, Timing
from picosam_ros.mask import Mask
from picosam_ros.msg import Box2D, Latency, MaskArray, PromptStatus
from picosam_ros.msg import Mask as MaskMessage
from picosam_ros.msg import Prompt as PromptMessage
from picosam_ros.msg import Roi as RoiMessage
from picosam_ros.prompt import Box, Point, Prompt
from picosam_ros.results import Answer, Unanswered
from picosam_ros.wire.images import RawImage

_SECOND = 1_000_000_000
_JPEG_QUALITY = 80


def to_time(nanoseconds: int) -> Time:
    """Nanoseconds as a stamp."""
    return Time(sec=nanoseconds // _SECOND, nanosec=nanoseconds % _SECOND)


def from_time(stamp: Time) -> int:
    """A stamp as nanoseconds."""
    return int(stamp.sec) * _SECOND + int(stamp.nanosec)


def header_of(frame: Frame) -> Header:
    """Stamp and frame id of the image that something was computed from."""
    return Header(stamp=to_time(frame.stamp_ns), frame_id=frame.frame_id)


def to_bytes(pixels: Pixels) -> array.array[int]:
    """Pixels in the one form that rclpy assigns without looking at every element."""
    filled = array.array('B')
    filled.frombytes(np.ascontiguousarray(pixels).data)
    return filled


def to_image(pixels: Pixels, encoding: str, header: Header) -> Image:
    """An H×W or H×W×C uint8 array as a message."""
    height, width = pixels.shape[:2]
    message = Image(header=header, height=height, width=width, encoding=encoding)
    message.is_bigendian = int(sys.byteorder == 'big')
    message.step = width * math.prod(pixels.shape[2:])
    message.data = to_bytes(pixels)
    return message


def to_jpeg(pixels: Pixels, header: Header) -> CompressedImage:
    """An H×W×3 uint8 array, R, G, B, as image_transport's plugin `compressed` publishes rgb8."""
    _, encoded = cv2.imencode(
        '.jpg', cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY)
    )
    message = CompressedImage(header=header, format='rgb8; jpeg compressed bgr8')
    message.data = to_bytes(encoded)
    return message


def to_raw_image(message: Image) -> RawImage:
    """A message as what `to_frame` reads; the pixels stay where they are."""
    return RawImage(
        from_time(message.header.stamp),
        message.header.frame_id,
        message.height,
        message.width,
        message.encoding,
        bool(message.is_bigendian),
        message.step,
        np.frombuffer(message.data, np.uint8),
    )


def to_points(message: PromptMessage) -> tuple[Point, ...]:
    """The message's labelled points."""
    return tuple(Point(point.x, point.y, point.label == point.POSITIVE) for point in message.points)


def to_prompt(message: PromptMessage, roi_size: int = 0) -> Prompt:
    """Read a prompt; `roi_size` is taken where the message leaves it open.

    Raises:
        PromptError: see Prompt.

    """
    box = message.box
    corners = (box.x0, box.y0, box.x1, box.y1)
    return Prompt(
        to_points(message),
        Box(*corners) if any(corners) else None,
        message.object_id,
        message.roi_size or roi_size,
    )


def to_status(answer: Answer, header: Header) -> PromptStatus:
    """The answer to a prompt."""
    return PromptStatus(
        header=header,
        state=int(answer.state),
        object_id=answer.object_id,
        generation=answer.generation,
        reason=answer.reason,
    )


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


def to_timing(message: Latency) -> Timing:
    """The stages that a message tells."""
    return Timing(**{stage: float(getattr(message, stage)) for stage in STAGES})


def to_latency(frame: Frame, timing: Timing, *, prompts: int, frames: int, dropped: int) -> Latency:
    """The stages of one result."""
    message = Latency(header=header_of(frame), prompts=prompts, frames=frames, dropped=dropped)
    for stage in STAGES:
        setattr(message, stage, getattr(timing, stage))
    return message
