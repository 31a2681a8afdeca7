"""Pixels of images of any common encoding: views of the bytes where possible, else one conversion.

Encodings are those of sensor_msgs/image_encodings.hpp.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.errors import ImageError
from picosam_ros.frame import Frame, Pixels

Rows = npt.NDArray[np.generic]


@dataclass(frozen=True)
class RawImage:
    """A sensor_msgs/Image as it arrived: nothing is checked yet.

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
class CompressedImage:
    """A sensor_msgs/CompressedImage as it arrived: nothing is checked yet."""

    stamp_ns: int
    frame_id: str
    format: str
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


# Images of one number a pixel, and its NumPy type: labels, and depth in millimetres or metres
# (REP-118; some drivers call the former mono16).
BYTES = {'mono8': 'u1', '8UC1': 'u1'}
DEPTHS = {'16UC1': 'u2', 'mono16': 'u2', '32FC1': 'f4'}


def to_frame(image: RawImage, received_ns: int) -> Frame:
    """Return a frame; its pixels are a view of the image's data where the encoding allows.

    Raises:
        ImageError: see `to_rgb`.

    """
    return Frame(to_rgb(image), image.stamp_ns, image.frame_id, received_ns)


def to_rgb(image: RawImage) -> Pixels:
    """Return H×W×3 uint8 RGB.

    Raises:
        ImageError: an unknown encoding, no pixels, or fewer bytes than described.

    """
    _check(image, ENCODINGS)
    encoding = ENCODINGS[image.encoding]
    columns, rows = encoding.block
    if image.width % columns or image.height % rows:
        raise ImageError(
            f'an image of {image.width}×{image.height} pixels was given; in {image.encoding!r} '
            f'{columns}×{rows} pixels share a colour, so sizes are multiples of that'
        )
    kind = f'u{encoding.depth}'
    return encoding.to_rgb(_view(image, kind, image.height * encoding.rows // 2, encoding.channels))


def to_plane(image: RawImage, encodings: Mapping[str, str]) -> Rows:
    """View an image of one number a pixel as height×width.

    Args:
        image: as it arrived.
        encodings: allowed ones, and the NumPy type of each.

    Raises:
        ImageError: another encoding, no pixels, or fewer bytes than described.

    """
    _check(image, encodings)
    return _view(image, encodings[image.encoding], image.height)


def decode(image: CompressedImage) -> Pixels:
    """Return H×W×3 uint8 RGB.

    Raises:
        ImageError: OpenCV cannot read the data.

    """
    bgr = cv2.imdecode(image.data, cv2.IMREAD_COLOR) if image.data.size else None
    if bgr is None:
        raise ImageError(
            f'a compressed image of {image.data.size} bytes in the format {image.format!r} was '
            'given, which OpenCV cannot read; it reads JPEG and PNG'
        )
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def _check(image: RawImage, encodings: Mapping[str, object]) -> None:
    if not image.width or not image.height:
        raise ImageError(f'an image of {image.width}×{image.height} pixels was given: it is empty')
    if image.encoding not in encodings:
        raise ImageError(
            f'encoding {image.encoding!r} was given; allowed are {", ".join(encodings)}'
        )


def _view(image: RawImage, kind: str, count: int, channels: int = 1) -> Rows:
    """View count rows as count × width × channels (count × width for one), without padding."""
    dtype = np.dtype(kind).newbyteorder('>' if image.is_bigendian else '<')
    pixel = channels * dtype.itemsize
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
    rows: Rows = np.ndarray(
        (count, image.width, channels),
        dtype,
        np.ascontiguousarray(image.data),
        strides=(image.step, pixel, dtype.itemsize),
    )
    return rows[..., 0] if channels == 1 else rows
