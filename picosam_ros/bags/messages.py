"""The nouns of the core as messages of `rosbags`, and its images as frames."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from picosam_ros.bags.types import typestore
from picosam_ros.errors import ImageError
from picosam_ros.frame import Frame, Pixels
from picosam_ros.latency import STAGES, Timing
from picosam_ros.mask import Mask
from picosam_ros.prompt import Box
from picosam_ros.results import Unanswered
from picosam_ros.wire.images import RawImage, to_frame

IMAGE, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'
MASKS, LATENCY = 'picosam_ros/msg/MaskArray', 'picosam_ros/msg/Latency'
IMAGE_TYPES = (IMAGE, COMPRESSED)

_SECOND = 1_000_000_000


def read_frame(serialised: bytes, kind: str) -> Frame:
    """Read an image of one of IMAGE_TYPES; its pixels are a view where the encoding allows.

    Raises:
        ImageError: the bytes are no such message, or no picture that we can read.

    """
    from rosbags.serde import SerdeError

    try:
        message: Any = typestore().deserialize_cdr(serialised, kind)
    except (SerdeError, ValueError, IndexError, AssertionError) as error:
        reason = str(error) or type(error).__name__
        raise ImageError(f'{len(serialised)} bytes are no serialised {kind}: {reason}') from error
    stamp = message.header.stamp
    stamp_ns, frame_id = stamp.sec * _SECOND + stamp.nanosec, message.header.frame_id
    if kind == COMPRESSED:
        return Frame(_decoded(message.data, message.format), stamp_ns, frame_id, stamp_ns)
    raw = RawImage(
        stamp_ns,
        frame_id,
        message.height,
        message.width,
        message.encoding,
        bool(message.is_bigendian),
        message.step,
        message.data,
    )
    return to_frame(raw, stamp_ns)


def mask_array(frame: Frame, masks: Sequence[Mask], unanswered: Sequence[Unanswered]) -> Any:
    """All masks of a frame, under the frame's header."""
    return _make(
        MASKS,
        header=_header(frame),
        image_width=frame.width,
        image_height=frame.height,
        masks=[_mask(mask) for mask in masks],
        unanswered=np.array([missing.prompt.object_id for missing in unanswered], np.uint8),
        reasons=[missing.reason for missing in unanswered],
    )


def mono8(frame: Frame, pixels: Pixels) -> Any:
    """H×W uint8 as an image, under the frame's header."""
    height, width = pixels.shape
    return _make(
        IMAGE,
        header=_header(frame),
        height=height,
        width=width,
        encoding='mono8',
        is_bigendian=int(sys.byteorder == 'big'),
        step=width,
        data=pixels.reshape(-1),
    )


def latency(frame: Frame, timing: Timing, *, prompts: int, frames: int) -> Any:
    """The stages of one result; none was dropped."""
    stages = {stage: getattr(timing, stage) for stage in STAGES}
    counts = {'prompts': prompts, 'frames': frames, 'dropped': 0}
    return _make(LATENCY, header=_header(frame), **stages, **counts)


def _mask(mask: Mask) -> Any:
    height, width = mask.logits.shape
    box = mask.box or Box(0, 0, 0, 0)
    x, y = mask.centroid or (0.0, 0.0)
    roi = mask.roi
    return _make(
        'picosam_ros/msg/Mask',
        object_id=mask.prompt.object_id,
        generation=mask.prompt.generation,
        engine=mask.engine,
        score=mask.score,
        empty=mask.empty,
        roi=_make('picosam_ros/msg/Roi', x=roi.x, y=roi.y, width=roi.width, height=roi.height),
        width=width,
        height=height,
        probability=mask.probability.reshape(-1),
        area=mask.area,
        box=_make('picosam_ros/msg/Box2D', x0=box.x0, y0=box.y0, x1=box.x1, y1=box.y1),
        centroid_x=x,
        centroid_y=y,
    )


def _header(frame: Frame) -> Any:
    seconds, nanoseconds = divmod(frame.stamp_ns, _SECOND)
    stamp = _make('builtin_interfaces/msg/Time', sec=seconds, nanosec=nanoseconds)
    return _make('std_msgs/msg/Header', stamp=stamp, frame_id=frame.frame_id)


def _make(kind: str, **fields: Any) -> Any:
    return typestore().types[kind](**fields)


def _decoded(data: Pixels, form: str) -> Pixels:
    bgr = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if bgr is None:
        raise ImageError(
            f'a compressed image of {data.size} bytes in the format {form!r} was given, which '
            'OpenCV cannot read; it reads JPEG and PNG'
        )
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
