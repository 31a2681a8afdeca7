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
from picosam_ros.wire.encoded_images import decode_image
from picosam_ros.wire.value_range import Scale, ValueScale

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
    of whole ones. `to_rgb` takes rows × width × channels (rows × width if there is one) of uint8;
    two bytes are scaled to one before.
    """

    channels: int
    to_rgb: Callable[[Pixels], Pixels]
    depth: int = 1
    rows: int = 2
    block: tuple[int, int] = (1, 1)


def _reversed(rows: Pixels) -> Pixels:
    return rows[..., 2::-1]


def _first_three(rows: Pixels) -> Pixels:
    return rows[..., :3]


def _grey(rows: Pixels) -> Pixels:
    return np.broadcast_to(rows[..., None], (*rows.shape, 3))


def _converted(code: int) -> Callable[[Pixels], Pixels]:
    def convert(rows: Pixels) -> Pixels:
        return np.asarray(cv2.cvtColor(np.ascontiguousarray(rows), code), np.uint8)

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
    '8UC4': Encoding(4, _reversed),
    'mono8': Encoding(1, _grey),
    '8UC1': Encoding(1, _grey),
    'mono16': Encoding(1, _grey, depth=2),
    '16UC1': Encoding(1, _grey, depth=2),
    'rgb16': Encoding(3, _first_three, depth=2),
    'bgr16': Encoding(3, _reversed, depth=2),
    'rgba16': Encoding(4, _first_three, depth=2),
    'bgra16': Encoding(4, _reversed, depth=2),
    '16UC3': Encoding(3, _reversed, depth=2),
    '16UC4': Encoding(4, _reversed, depth=2),
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


def raw_image(frame: Frame, pixels: Pixels, encoding: str) -> RawImage:
    """Return H×W or H×W×C uint8 as an image under the frame's header, without a copy of them."""
    height, width = pixels.shape[:2]
    data = np.ascontiguousarray(pixels).reshape(-1)
    step = data.size // height
    return RawImage(frame.stamp_ns, frame.frame_id, height, width, encoding, False, step, data)


def to_frame(image: RawImage, received_ns: int, scale: Scale | None = None) -> Frame:
    """Return a frame; its pixels are a view of the image's data where the encoding allows.

    Raises:
        ImageError: see `to_rgb`.

    """
    return Frame(to_rgb(image, scale), image.stamp_ns, image.frame_id, received_ns)


def to_rgb(image: RawImage, scale: Scale | None = None) -> Pixels:
    """Return H×W×3 uint8 RGB.

    Args:
        image: as it arrived.
        scale: takes 16 bits a value to 8; None takes the range that the image uses.

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
    stored = _view(image, kind, image.height * encoding.rows // 2, encoding.channels)
    if encoding.depth == 1:
        return encoding.to_rgb(stored.view(np.uint8))
    # bincount and tables take the machine's order of bytes only.
    values = stored.astype(np.uint16, copy=False)
    return encoding.to_rgb((scale or ValueScale())(values))


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


def decode(image: CompressedImage, scale: Scale | None = None) -> Pixels:
    """Return H×W×3 uint8 RGB; `scale` as in `to_rgb`.

    Raises:
        ImageError: OpenCV cannot read the data.

    """
    try:
        return decode_image(image.data, scale)
    except ImageError as error:
        raise ImageError(
            f'a compressed image of {image.data.size} bytes in the format {image.format!r} was '
            f'given: {error}; allowed are JPEG and PNG'
        ) from error


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
