"""The interface of all cameras, and what they share: moments on the steady clock."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from picosam_ros.frame import Frame


class Camera(Protocol):
    """A source of frames, used by one thread at a time."""

    name: str

    @property
    def description(self) -> dict[str, str]:
        """What a diagnostics page shows of it: source, size, rate.

        Cameras that take long to start report their progress under 'state'. Where the images are
        not those of a camera that looks at the world now, 'images' says what they are.
        """

    def open(self) -> None:
        """Start it; does nothing where it is open, as before most reads.

        Raises:
            CameraError: it says what was tried; the node calls again later.

        """

    def read(self, timeout: float) -> Frame | None:
        """Wait up to `timeout` seconds for the next frame; None if there was none.

        Raises:
            EndOfStream: a source of finite length has ended.
            CameraError: the device stopped; close and open it again.

        """

    def close(self) -> None:
        """Release the device; a second call does nothing."""


def stamp_of(steady_ns: int) -> int:
    """Return the stamp (nanoseconds since 1970) of a moment on the steady clock (CLOCK_MONOTONIC).

    It is now − (steady now − moment), computed anew for every frame, so that a clock that is set
    while the camera runs does not leave all later stamps wrong.
    """
    return time.time_ns() - (time.monotonic_ns() - steady_ns)


class Alarm:
    """Waits for moments on the steady clock; `end` cancels all waits, for good."""

    def __init__(self) -> None:
        self._ended = threading.Event()

    @property
    def ended(self) -> bool:
        """Whether `end` was called."""
        return self._ended.is_set()

    def wait_until(self, steady_ns: int, timeout: float) -> bool:
        """Wait for a moment, for `timeout` seconds at most.

        Returns:
            True at the moment (at once if it has passed); False if the timeout comes first, or if
            the alarm is ended before or meanwhile.

        """
        left = (steady_ns - time.monotonic_ns()) / 1e9
        ended = self._ended.wait(max(min(left, timeout), 0))
        return not ended and left <= timeout

    def end(self) -> None:
        """Let the present wait and all later ones return at once."""
        self._ended.set()
