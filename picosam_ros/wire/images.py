"""Images of any common encoding as H×W×3 uint8 RGB: views where possible, one conversion else.

Encodings are those of sensor_msgs/image_encodings.hpp.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.errors import ImageError
from picosam_ros.frame import Frame, Pixels

Rows = npt.NDArray[np.generic]


@dataclass(frozen=True)
class RawImage:
    """A sensor_msgs/Image as it was described, nothing checked yet.

    Attributes:
        stamp_ns, frame_id: of its header.
        height, width: in pixels.
        encoding: how a pixel is stored.
        is_bigendian: of pixels wider than a byte.
        step: bytes from one row to the next.
        data: the bytes; a view.

    """

    stamp_ns: int
    frame_id: str
    height: int
    width: int
    encoding: str
    is_bigendian: bool
    step: int
    data: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Encoding:
    """How rows are laid out, and how they become RGB.

    `channels` per pixel of `depth` bytes; `rows` stored for each two rows of the image (planar
    4:2:0 stores three); `block` columns and rows share a colour, so that the image must consist
    of whole ones. `to_rgb` takes rows × width × channels (rows × width if there is one).
    """

    channels: int
    to_rgb: Callable[[Rows], Pixels]
    depth: int = 1
    rows: int = 2
    block: tuple[int, int] = (1, 1)


def _reversed(rows: Rows) -> Pixels:
    return rows[..., 2::-1].astype(np.uint8, copy=False)


def _first_three(rows: Rows) -> Pixels:
    return rows[..., :3].astype(np.uint8, copy=False)


def _grey(rows: Rows) -> Pixels:
    return np.broadcast_to(_high_byte(rows)[..., None], (*rows.shape, 3))


def _high_byte(rows: Rows) -> Pixels:
    if rows.dtype.itemsize == 1:
        return rows.astype(np.uint8, copy=False)
    return (rows >> 8).astype(np.uint8)  # type: ignore[operator]


def _converted(code: int) -> Callable[[Rows], Pixels]:
    def convert(rows: Rows) -> Pixels:
        return np.asarray(cv2.cvtColor(np.ascontiguousarray(_high_byte(rows)), code), np.uint8)

    return convert


# OpenCV names a Bayer pattern by its second row's second and third pixel, ROS by the first
# row's first two: ROS rggb is OpenCV's BayerBG.
_BAYER = {
    'rggb': cv2.COLOR_BayerBG2RGB,
    'bggr': cv2.COLOR_BayerRG2RGB,
    'gbrg': cv2.COLOR_BayerGR2RGB,
    'grbg': cv2.COLOR_BayerGB2RGB,
}

_UYVY = Encoding(2, _converted(cv2.COLOR_YUV2RGB_UYVY), block=(2, 1))
_YUY2 = Encoding(2, _converted(cv2.COLOR_YUV2RGB_YUY2), block=(2, 1))
_NV12 = Encoding(1, _converted(cv2.COLOR_YUV2RGB_NV12), rows=3, block=(2, 2))
_NV21 = Encoding(1, _converted(cv2.COLOR_YUV2RGB_NV21), rows=3, block=(2, 2))

ENCODINGS: dict[str, Encoding] = {
    'rgb8': Encoding(3, _first_three),
    'bgr8': Encoding(3, _reversed),
    'rgba8': Encoding(4, _first_three),
    'bgra8': Encoding(4, _reversed),
    '8UC3': Encoding(3, _reversed),
    'mono8': Encoding(1, _grey),
    '8UC1': Encoding(1, _grey),
    'mono16': Encoding(1, _grey, depth=2),
    'yuv422': _UYVY,
    'uyvy': _UYVY,
    'yuv422_yuy2': _YUY2,
    'yuyv': _YUY2,
    'nv12': _NV12,
    'nv21': _NV21,
    **{f'bayer_{name}8': Encoding(1, _converted(code)) for name, code in _BAYER.items()},
    **{f'bayer_{name}16': Encoding(1, _converted(code), 2) for name, code in _BAYER.items()},
}


def to_frame(image: RawImage, received_ns: int) -> Frame:
    """Make a frame; its pixels are a view of the image's data where the encoding allows.

    Raises:
        ImageError: the description and the data do not agree, or the encoding is unknown.

    """
    return Frame(to_rgb(image), image.stamp_ns, image.frame_id, received_ns)


def to_rgb(image: RawImage) -> Pixels:
    """Return H×W×3 uint8 RGB; see `to_frame`."""
    if not image.width or not image.height:
        raise ImageError(f'an image of {image.width}×{image.height} pixels was given: it is empty')
    if image.encoding not in ENCODINGS:
        raise ImageError(f'encoding {image.encoding!r} was given; known are {", ".join(ENCODINGS)}')
    encoding = ENCODINGS[image.encoding]
    columns, rows = encoding.block
    if image.width % columns or image.height % rows:
        raise ImageError(
            f'an image of {image.width}×{image.height} pixels was given; in {image.encoding!r} '
            f'{columns}×{rows} pixels share a colour, so sizes are multiples of that'
        )
    return encoding.to_rgb(_rows(image, encoding))


def _rows(image: RawImage, encoding: Encoding) -> Rows:
    """View the data as rows × width × channels, padding at the end of rows left out."""
    pixel = encoding.channels * encoding.depth
    count = image.height * encoding.rows // 2
    if image.step < image.width * pixel:
        raise ImageError(
            f'step {image.step} was given for {image.width} pixels of {image.encoding!r}; '
            f'a row needs at least {image.width * pixel} bytes'
        )
    if image.data.size < image.step * count:
        raise ImageError(
            f'{image.data.size} bytes were given for {count} rows of {image.step} bytes; '
            f'{image.step * count} are needed'
        )
    kind = np.dtype(np.uint8) if encoding.depth == 1 else np.dtype('<u2')
    rows: Rows = np.ndarray(
        (count, image.width, encoding.channels),
        kind.newbyteorder('>') if image.is_bigendian else kind,
        np.ascontiguousarray(image.data),
        strides=(image.step, pixel, encoding.depth),
    )
    return rows[..., 0] if encoding.channels == 1 else rows
