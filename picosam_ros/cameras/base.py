"""What every camera can do for the node."""

from __future__ import annotations

from typing import Protocol

from picosam_ros.frame import Frame


class Camera(Protocol):
    """A source of frames, used by one thread at a time."""

    name: str

    @property
    def description(self) -> dict[str, str]:
        """What a diagnostics page shows of it: source, size, rate.

        Cameras that take long to start report their progress under 'state'.
        """

    def open(self) -> None:
        """Start it. Raises CameraError that says what was tried; a second call does nothing."""

    def read(self, timeout: float) -> Frame | None:
        """Wait up to `timeout` seconds for the next frame; None if there was none.

        Raises:
            EndOfStream: a source of finite length has ended.
            CameraError: the device stopped; close and open it again.

        """

    def close(self) -> None:
        """Release the device; a second call does nothing."""
