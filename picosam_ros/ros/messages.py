"""Converts between values of the core and messages."""

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

from picosam_ros.errors import ImageError, PicosamError, PromptError
from picosam_ros.frame import Frame, Pixels
from picosam_ros.latency import STAGES, Timing
from picosam_ros.msg import Box2D, Latency, Point2D, PromptStatus
from picosam_ros.msg import Prompt as PromptMessage
from picosam_ros.prompt import Box, Point, Prompt
from picosam_ros.results import Answer
from picosam_ros.ros import bridged_images
from picosam_ros.wire import images
from picosam_ros.wire.images import ENCODINGS, RawImage
from picosam_ros.wire.messages import JPEG_FORMAT, NANOSECONDS, nanoseconds
from picosam_ros.wire.value_range import Scale

_JPEG_QUALITY = 80


def to_time(stamp_ns: int) -> Time:
    """Return nanoseconds as a stamp."""
    seconds, nanoseconds = divmod(stamp_ns, NANOSECONDS)
    return Time(sec=seconds, nanosec=nanoseconds)


def from_time(stamp: Time, error: type[PicosamError] = ImageError) -> int:
    """Return a stamp as nanoseconds.

    Args:
        stamp: of a message.
        error: what is raised for a stamp that is none, see `wire.messages.nanoseconds`.

    Raises:
        PicosamError: the one that was given.

    """
    try:
        return nanoseconds(stamp.sec, stamp.nanosec)
    except ValueError as reason:
        raise error(str(reason)) from reason


def header_of(frame: Frame) -> Header:
    """Return the header of the image that the frame was made of."""
    return Header(stamp=to_time(frame.stamp_ns), frame_id=frame.frame_id)


def to_bytes(pixels: Pixels) -> array.array[int]:
    """Return pixels in the only type that rclpy assigns without checking every element."""
    filled = array.array('B')
    filled.frombytes(np.ascontiguousarray(pixels).data)
    return filled


def to_image(pixels: Pixels, encoding: str, header: Header) -> Image:
    """Return an Image of H×W or H×W×C uint8."""
    height, width = pixels.shape[:2]
    message = Image(header=header, height=height, width=width, encoding=encoding)
    message.is_bigendian = int(sys.byteorder == 'big')
    message.step = width * math.prod(pixels.shape[2:])
    message.data = to_bytes(pixels)
    return message


def to_jpeg(pixels: Pixels, header: Header) -> CompressedImage:
    """Return H×W×3 uint8 RGB as image_transport's plugin `compressed` publishes rgb8."""
    _, encoded = cv2.imencode(
        '.jpg', cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY)
    )
    message = CompressedImage(header=header, format=JPEG_FORMAT)
    message.data = to_bytes(encoded)
    return message


def to_raw_image(message: Image) -> RawImage:
    """Return a view of an Image; raises ImageError where its stamp is none."""
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


def to_frame(image: RawImage, received_ns: int, scale: Scale | None = None) -> Frame:
    """Return a frame; its pixels are a view of the image's data where the encoding allows.

    Raises:
        ImageError: see `to_rgb`.

    """
    return Frame(to_rgb(image, scale), image.stamp_ns, image.frame_id, received_ns)


def to_rgb(image: RawImage, scale: Scale | None = None) -> Pixels:
    """Return H×W×3 uint8 RGB; cv_bridge converts encodings that wire.images does not know.

    `scale` as in wire.images.to_rgb.

    Raises:
        ImageError: no pixels, fewer bytes than described, or see bridged_images.to_rgb.

    """
    known = image.encoding in ENCODINGS or not image.width or not image.height
    return images.to_rgb(image, scale) if known else bridged_images.to_rgb(image)


def to_points(message: PromptMessage) -> tuple[Point, ...]:
    """Return the labelled points of a Prompt.

    Raises:
        PromptError: a label is neither POSITIVE nor NEGATIVE.

    """
    return tuple(map(_to_point, message.points))


def to_prompt(message: PromptMessage, roi_size: int = 0) -> Prompt:
    """Return the prompt of a message; `roi_size` is the default where the message has 0.

    Raises:
        PromptError: see Prompt and `to_points`.

    """
    box = message.box
    corners = (box.x0, box.y0, box.x1, box.y1)
    return Prompt(
        to_points(message),
        Box(*corners) if any(corners) else None,
        message.object_id,
        message.roi_size or roi_size,
        message.size_step,
    )


def to_prompt_message(
    object_id: int, points: Sequence[Point], box: Box | None, size_step: int = 0
) -> PromptMessage:
    """Return what a person pointed at as a Prompt; its header and action are left open."""
    message = PromptMessage(object_id=object_id, size_step=size_step)
    message.points = [
        Point2D(x=at.x, y=at.y, label=Point2D.POSITIVE if at.positive else Point2D.NEGATIVE)
        for at in points
    ]
    if box is not None:
        message.box = Box2D(x0=box.x0, y0=box.y0, x1=box.x1, y1=box.y1)
    return message


def to_status(answer: Answer, header: Header) -> PromptStatus:
    """Return the answer to a prompt as a PromptStatus."""
    return PromptStatus(
        header=header,
        state=int(answer.state),
        object_id=answer.object_id,
        generation=answer.generation,
        reason=answer.reason,
    )


def to_timing(message: Latency) -> Timing:
    """Return the stages of a Latency."""
    return Timing(**{stage: float(getattr(message, stage)) for stage in STAGES})


def _to_point(message: Point2D) -> Point:
    if message.label not in (message.NEGATIVE, message.POSITIVE):
        # Segment Anything's own labels: 2 and 3 are corners of a box, -1 fills up an array.
        corners = message.label in (2, 3)
        hint = "; give SAM's corners 2 and 3 as `box`" if corners else '; leave such a point out'
        raise PromptError(
            f'point ({message.x:g}, {message.y:g}) has label {message.label}; allowed are '
            f'{message.NEGATIVE} (not on the object) and {message.POSITIVE} (on it){hint}'
        )
    return Point(message.x, message.y, message.label == message.POSITIVE)
