"""Images of encodings that wire.images does not know, made RGB by cv_bridge.

cv_bridge is compiled. With a NumPy that it was not built for (vision_opencv#535) it raises, or ends
the process that calls it: the first image starts a child process that tries it, and no callback
waits for that.
"""

from __future__ import annotations

import atexit
import re
import signal
import subprocess
import sys
from importlib.util import find_spec
from threading import Lock
from typing import Any

import numpy as np
from sensor_msgs.msg import Image

from picosam_ros.errors import ImageError
from picosam_ros.frame import Pixels
from picosam_ros.python_process import run_python
from picosam_ros.wire.images import ENCODINGS, RawImage

# Numbers without a colour, one a pixel: cv_bridge stretches them from the least to the greatest.
_NUMBERS = re.compile(r'(8|16|32)[US]C1|(32|64)FC1')

# The child imports OpenCV and converts four pixels; a board that is ten times as slow is in time.
_LIMIT_S = 60


class Trial:
    """A child process that converts an image by cv_bridge; the first question starts it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._child: subprocess.Popen[str] | None = None
        self._verdict: str | None = None

    def verdict(self) -> str | None:
        """Return why cv_bridge cannot be used: empty if it can, None as long as that is tried."""
        with self._lock:
            if self._verdict is None:
                if self._child is None:
                    self._child = run_python(__name__, [], stdout=subprocess.PIPE, text=True)
                    # One that hangs does not outlive this process.
                    atexit.register(self._child.kill)
                self._verdict = _verdict_of(self._child)
            return self._verdict


def _verdict_of(child: subprocess.Popen[str]) -> str | None:
    code = child.poll()
    if code is None:
        return None
    assert child.stdout is not None
    with child.stdout:
        printed = child.stdout.read()
    if code < 0:
        return f'it ended its process with signal {-code}'
    return printed or f'exit code {code}' if code else ''


# One for the process, whatever its nodes: cv_bridge is loaded once, too.
_trial = Trial()


def to_rgb(image: RawImage) -> Pixels:
    """Return H×W×3 uint8 RGB.

    Raises:
        ImageError: cv_bridge is not installed, is being tried, does not work here, or cannot
            convert the image.

    """
    given = f'encoding {image.encoding!r} was given'
    if find_spec('cv_bridge') is None:
        raise ImageError(
            f'{given}; allowed are {", ".join(ENCODINGS)}; for others install cv_bridge: '
            'sudo apt install ros-$ROS_DISTRO-cv-bridge'
        )
    verdict = _trial.verdict()
    if verdict is None:
        raise ImageError(
            f'{given}, which is for cv_bridge: a process of its own tries that first, and images '
            'after it will be converted'
        )
    if verdict:
        raise ImageError(
            f'{given}, which is for cv_bridge, and that does not work here: {verdict}; picosam '
            f'doctor has the command that fixes it; without it, allowed are {", ".join(ENCODINGS)}'
        )
    try:
        return _convert(image)
    except Exception as error:  # cv_bridge raises its own, OpenCV's and NumPy's
        raise ImageError(f'{given}, which cv_bridge cannot convert: {error}') from error


def _convert(image: RawImage) -> Pixels:
    from cv_bridge import CvBridge

    # Its own import, in cv_bridge, hides why it fails.
    from cv_bridge.boost.cv_bridge_boost import cvtColorForDisplay

    message = Image(
        height=image.height,
        width=image.width,
        encoding=image.encoding,
        is_bigendian=int(image.is_bigendian),
        step=image.step,
        data=image.data.tobytes(),
    )
    rgb: Any
    if _NUMBERS.fullmatch(image.encoding):
        values = CvBridge().imgmsg_to_cv2(message)
        rgb = cvtColorForDisplay(values, image.encoding, 'rgb8', True)
    else:
        rgb = CvBridge().imgmsg_to_cv2(message, 'rgb8')
    pixels = np.asarray(rgb, np.uint8)
    # Of a step that is too small, it makes a narrower image.
    if pixels.shape != (image.height, image.width, 3):
        raise ImageError(
            f'of {image.width}×{image.height} pixels in rows of {image.step} bytes it makes an '
            f'array of {pixels.shape}'
        )
    return pixels


def main() -> int:
    """Convert an image, and print why that failed."""
    signal.alarm(_LIMIT_S)
    four = np.arange(4, dtype=np.float32).view(np.uint8)
    try:
        _convert(RawImage(0, '', 2, 2, '32FC1', False, 8, four))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        text = ' '.join(str(error).split())
        print(f'{type(error).__name__}: {text}', end='')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
