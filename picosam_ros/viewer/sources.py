"""What the page shows: the camera, if there is one, or a picture in its place."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from picosam_ros.cameras import Camera
from picosam_ros.cameras.reader import CameraReader
from picosam_ros.cameras.still import StillCamera
from picosam_ros.frame import Frame, Pixels
from picosam_ros.status import Level, Status

_LOG = logging.getLogger('picosam_ros.view')
_NO_NAME = 'a picture'


class Sources:
    """Delivers the frames of one source at a time. Thread-safe.

    A camera is read on while a picture is shown: a film goes on, and no device has to start again.

    Args:
        camera: None where there is none.
        deliver: called with every frame, in a thread of the source.
        changed: called when another source is shown, before its first frame.

    """

    def __init__(
        self,
        camera: Camera | None,
        deliver: Callable[[Frame], None],
        changed: Callable[[], None],
    ) -> None:
        self._camera = None if camera is None else CameraReader(camera)
        self._deliver = deliver
        self._changed = changed
        self._still: StillCamera | None = None
        self._picture: CameraReader | None = None
        self._name = ''
        self._closed = False
        # Of the source that is shown, and of the one before it: the first stamp and the last.
        self._stamps: tuple[int, int] | None = None
        self._before: tuple[int, int] | None = None
        self._lock = threading.Lock()

    @property
    def has_camera(self) -> bool:
        """Whether there is a camera to go back to."""
        return self._camera is not None

    @property
    def picture(self) -> str | None:
        """The name of the picture's file, empty if it has none; None where no picture is shown."""
        return None if self._still is None else self._name

    def open(self) -> None:
        """Open the camera, to learn whether that is possible. Raises CameraError if it is not."""
        if self._camera is not None:
            self._camera.open()

    def start(self) -> None:
        """Begin to deliver."""
        if self._camera is not None:
            self._camera.start(lambda frame: self._pass_on(frame, None))

    def stop(self) -> None:
        """Deliver nothing any more."""
        with self._lock:
            self._closed = True
        self._end_picture()
        for reader in (self._camera, self._picture):
            if reader is not None:
                reader.stop()

    def close(self) -> None:
        """Release the camera."""
        if self._camera is not None:
            self._camera.close()

    def show_picture(self, pixels: Pixels, name: str) -> None:
        """Show a picture: H×W×3 uint8 RGB, and the name of its file, empty if it has none."""
        still = StillCamera(pixels, name or _NO_NAME)
        reader = CameraReader(still, _LOG)
        if self._switch(still, reader, name):
            reader.start(lambda frame: self._pass_on(frame, still))

    def show_camera(self) -> None:
        """Show the camera again; does nothing where there is none, or it is shown."""
        if self._camera is not None and self._still is not None:
            self._switch(None, None, '')

    def wake(self) -> None:
        """Let the next frame of a picture come at once: a prompt waits for it."""
        if (still := self._still) is not None:
            still.wake()

    def is_past(self, stamp_ns: int) -> bool:
        """Whether a stamp is that of an image of what was shown before."""
        before = self._before
        return before is not None and before[0] <= stamp_ns <= before[1]

    def status(self) -> Status:
        """Return the state of what is shown."""
        if (still := self._still) is not None:
            values = {'camera': still.name, **still.description}
            return Status(Level.OK, f'{still.description["source"]} is shown', values)
        if self._camera is not None:
            return self._camera.status()
        return Status(Level.OK, 'no camera: the page takes pictures', {'camera': 'none'})

    def _switch(self, still: StillCamera | None, reader: CameraReader | None, name: str) -> bool:
        """Show another source; return whether anything is shown any more."""
        self._end_picture()
        with self._lock:
            if self._closed:
                return False
            self._still, self._picture, self._name = still, reader, name
            self._before, self._stamps = self._stamps, None
        self._changed()
        return True

    def _end_picture(self) -> None:
        if (still := self._still) is not None:
            still.end()

    def _pass_on(self, frame: Frame, still: StillCamera | None) -> None:
        with self._lock:
            if still is not self._still or self._closed:
                return
            first, _ = self._stamps or (frame.stamp_ns, 0)
            self._stamps = first, frame.stamp_ns
            self._deliver(frame)
