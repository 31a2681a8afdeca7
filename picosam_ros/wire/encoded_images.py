"""Encoded images, JPEG, PNG and whatever OpenCV reads, as pixels."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.errors import ImageError
from picosam_ros.frame import Pixels
from picosam_ros.wire.value_range import Scale, ValueScale

# OpenCV's own limits: CV_IO_MAX_IMAGE_PIXELS and CV_IO_MAX_IMAGE_WIDTH.
MOST_PIXELS, LONGEST_SIDE = 2**30, 2**20


def decode_image(
    encoded: npt.NDArray[np.uint8],
    scale: Scale | None = None,
    *,
    rotate: bool = True,
) -> Pixels:
    """Return H×W×3 uint8, R, G, B.

    Args:
        encoded: uint8 [n], the content of a file.
        scale: takes 16 bits a value to 8; None takes the range that the image uses.
        rotate: by the EXIF orientation.

    Raises:
        ImageError: it is no image that OpenCV reads, or too large a one; a clause to follow what
            was given.

    """
    how = cv2.IMREAD_COLOR | (0 if rotate else cv2.IMREAD_IGNORE_ORIENTATION)
    bgr = _decoded(encoded, how | cv2.IMREAD_ANYDEPTH)
    if bgr.dtype == np.uint16:
        bgr = (scale or ValueScale())(np.asarray(bgr, np.uint16))
    elif bgr.dtype != np.uint8:
        bgr = _decoded(encoded, how)  # OpenCV's own conversion of floating point
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def _decoded(encoded: npt.NDArray[np.uint8], flags: int) -> npt.NDArray[Any]:
    try:
        bgr = cv2.imdecode(encoded, flags) if encoded.size else None
    except cv2.error as error:
        if 'IO_MAX_IMAGE' in str(error):
            raise ImageError(
                f'it has more than {MOST_PIXELS} pixels, or a side of more than {LONGEST_SIDE}, '
                'which OpenCV cannot read; scale it down'
            ) from error
        raise ImageError(f'OpenCV cannot read it ({error.err})') from error
    if bgr is None:
        raise ImageError('OpenCV cannot read it as an image')
    return np.asarray(bgr)
