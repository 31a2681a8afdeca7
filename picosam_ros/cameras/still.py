"""A picture, given again and again as if a camera looked at it."""

from __future__ import annotations

import threading
import time

from picosam_ros.cameras.base import stamp_of
from picosam_ros.errors import EndOfStream
from picosam_ros.frame import Frame, Pixels

# Between two frames. Nothing moves: what is new comes by `wake`. Large pictures cost more.
_LEAST_S, _MOST_S = 0.5, 1.0
_S_PER_PIXEL = 20e-9


class StillCamera:
    """A camera before one picture.

    Args:
        pixels: H×W×3 uint8, R, G, B; of every frame, without a copy.
        source: what the picture is called.

    """

    name = 'picture'

    def __init__(self, pixels: Pixels, source: str) -> None:
        self._pixels = pixels
        self._source = source
        self._period_s = min(max(pixels[..., 0].size * _S_PER_PIXEL, _LEAST_S), _MOST_S)
        self._due = 0.0
        self._woken = threading.Event()
        self._ended = False

    @property
    def description(self) -> dict[str, str]:
        height, width = self._pixels.shape[:2]
        return {'source': self._source, 'size': f'{width}x{height}', 'images': self._source}

    def open(self) -> None:
        """Do nothing: the picture is there."""

    def wake(self) -> None:
        """Let the next frame come at once."""
        self._woken.set()

    def end(self) -> None:
        """Let `read` raise EndOfStream, also where it waits."""
        self._ended = True
        self._woken.set()

    def read(self, timeout: float) -> Frame | None:
        left = self._due - time.monotonic()
        if left > 0 and not self._woken.wait(min(left, timeout)) and left > timeout:
            return None
        self._woken.clear()
        if self._ended:
            raise EndOfStream(f'{self._source} is shown no longer')
        now = time.monotonic_ns()
        self._due = now / 1e9 + self._period_s
        return Frame(self._pixels, stamp_of(now), received_ns=time.time_ns())

    def close(self) -> None:
        """Do nothing: there is no device."""
