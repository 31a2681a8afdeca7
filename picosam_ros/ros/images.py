"""Images of messages as frames; what the core cannot convert, cv_bridge does where it is there."""

from __future__ import annotations

import numpy as np

from picosam_ros.errors import ImageError
from picosam_ros.frame import Frame, Pixels
from picosam_ros.wire import images
from picosam_ros.wire.images import ENCODINGS, RawImage


def to_frame(image: RawImage, received_ns: int) -> Frame:
    """Make a frame; its pixels are a view of the image's data where the encoding allows.

    Raises:
        ImageError: the description and the data do not agree, or the encoding is unknown.

    """
    return Frame(to_rgb(image), image.stamp_ns, image.frame_id, received_ns)


def to_rgb(image: RawImage) -> Pixels:
    """Return H×W×3 uint8 RGB; see `to_frame`."""
    known = image.encoding in ENCODINGS or not image.width or not image.height
    return images.to_rgb(image) if known else _by_cv_bridge(image)


def _by_cv_bridge(image: RawImage) -> Pixels:
    try:
        from cv_bridge import CvBridge
        from sensor_msgs.msg import Image
    except ImportError as error:
        raise ImageError(
            f'encoding {image.encoding!r} was given; known are {", ".join(ENCODINGS)}; '
            f'cv_bridge may know it, but cannot be imported ({error})'
        ) from error
    message = Image(
        height=image.height,
        width=image.width,
        encoding=image.encoding,
        is_bigendian=int(image.is_bigendian),
        step=image.step,
        data=image.data.tobytes(),
    )
    try:
        return np.asarray(CvBridge().imgmsg_to_cv2(message, 'rgb8'), np.uint8)
    except Exception as error:  # cv_bridge raises its own, OpenCV's and NumPy's
        raise ImageError(
            f'encoding {image.encoding!r} was given, which cv_bridge cannot convert: {error}'
        ) from error
