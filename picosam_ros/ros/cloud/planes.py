"""Images of one number a pixel, label masks and depth, as arrays: views of the message's bytes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from picosam_ros.errors import ImageError
from picosam_ros.wire.images import RawImage

Plane = npt.NDArray[np.generic]

BYTES = {'mono8': 'u1', '8UC1': 'u1'}
# REP-118: millimetres or metres. Some drivers call the former mono16.
DEPTHS = {'16UC1': 'u2', 'mono16': 'u2', '32FC1': 'f4'}


def plane_of(image: RawImage, encodings: Mapping[str, str]) -> Plane:
    """View an image as height×width.

    Args:
        image: as it arrived.
        encodings: allowed ones, and the NumPy type of each.

    Raises:
        ImageError: another encoding, no pixels, or fewer bytes than described.

    """
    if image.encoding not in encodings:
        raise ImageError(
            f'encoding {image.encoding!r} was given; allowed are {", ".join(encodings)}'
        )
    if not image.width or not image.height:
        raise ImageError(f'an image of {image.width}×{image.height} pixels was given: it is empty')
    kind = np.dtype(encodings[image.encoding]).newbyteorder('>' if image.is_bigendian else '<')
    row = image.width * kind.itemsize
    if image.step < row:
        raise ImageError(
            f'step {image.step} was given for {image.width} pixels of {image.encoding!r}; '
            f'a row needs at least {row} bytes'
        )
    if image.data.size < image.step * image.height:
        raise ImageError(
            f'{image.data.size} bytes were given for {image.height} rows of {image.step} bytes; '
            f'{image.step * image.height} are needed'
        )
    return np.ndarray(
        (image.height, image.width),
        kind,
        np.ascontiguousarray(image.data),
        strides=(image.step, kind.itemsize),
    )
