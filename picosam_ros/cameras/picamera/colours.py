"""libcamera's pixel formats as R, G, B.

Their names tell the bits of a little-endian word from the high end, so in memory the bytes stand
the other way round: 'RGB888' is B, G, R (picamera2#848, the manual's appendix A).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from picosam_ros.errors import CameraError
from picosam_ros.frame import Pixels

# In memory R, G, B: nothing to convert.
PREFERRED = 'BGR888'


def _as_it_is(array: Pixels) -> Pixels:
    return array


def _first_three(array: Pixels) -> Pixels:
    return np.ascontiguousarray(array[..., :3])


def _reversed(array: Pixels) -> Pixels:
    return np.ascontiguousarray(array[..., 2::-1])


FORMATS: dict[str, Callable[[Pixels], Pixels]] = {
    'BGR888': _as_it_is,
    'RGB888': _reversed,
    'XBGR8888': _first_three,
    'XRGB8888': _reversed,
}


def to_rgb(array: npt.NDArray[np.uint8], pixel_format: str) -> Pixels:
    """Give H×W×3 uint8 R, G, B.

    Args:
        array: H×W×C uint8, as the camera's memory has it.
        pixel_format: one of FORMATS.

    Raises:
        CameraError: the format is unknown.

    """
    if pixel_format not in FORMATS:
        raise CameraError(
            f'the camera gives pixels as {pixel_format!r}; known are {", ".join(FORMATS)}'
        )
    return FORMATS[pixel_format](array)
