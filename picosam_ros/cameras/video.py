"""A video file, played as a camera."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from picosam_ros.cameras.clip import Clip, Shot
from picosam_ros.cameras.clock import Alarm, stamp_of
from picosam_ros.errors import CameraError, EndOfStream
from picosam_ros.frame import Frame


class VideoCamera:
    """Plays a file at its pace; a frame's stamp is the start's plus its time within the video.

    The stamps grow on over the repetitions. No frame is left out: a reader that is late makes the
    video play slower, so that frames are never stamped with a time that has long passed.

    Args:
        source: the file, in any format that OpenCV reads.
        rate: frames per second; 0 takes the file's own timestamps.
        frame_id: of the frames.
        loop: begin again at the end; else `read` raises EndOfStream there.

    """

    name = 'video'

    def __init__(self, *, source: str, rate: float, frame_id: str, loop: bool = True) -> None:
        self._path = str(Path(source).expanduser()) if source else ''
        self._rate = rate
        self._frame_id = frame_id
        self._loop = loop
        self._clip: Clip | None = None
        self._shot: Shot | None = None
        self._lock = threading.Lock()
        self._alarm = Alarm()
        self._start_ns = 0
        self._stamp_ns = 0

    @property
    def description(self) -> dict[str, str]:
        clip = self._clip
        return {
            'source': self._path,
            'size': clip.size if clip else '',
            'rate': f'{clip.rate if clip else self._rate:g}',
        }

    def open(self) -> None:
        if self._clip is not None:
            return
        if self._rate < 0:
            raise CameraError(
                f'rate {self._rate:g} was given; give frames per second, or 0 for the own pace'
            )
        clip = Clip(self._path, self._rate)
        shot = clip.next()
        self._clip, self._shot = clip, shot
        self._alarm = Alarm()
        self._start_ns = time.monotonic_ns()

    def read(self, timeout: float) -> Frame | None:
        """Wait for the next frame; `close` in another thread ends the wait, with None."""
        shot = self._peek()
        if shot is None:
            return None
        captured_ns = self._due(shot)
        if not self._alarm.wait_until(captured_ns, timeout):
            return None
        self._shot = None
        # Later than the last one, even if the system's clock was set back in between.
        self._stamp_ns = max(stamp_of(captured_ns), self._stamp_ns + 1)
        return Frame(shot.pixels, self._stamp_ns, self._frame_id, received_ns=time.time_ns())

    def close(self) -> None:
        self._alarm.end()
        with self._lock:
            if self._clip is not None:
                self._clip.release()
            self._clip = self._shot = None

    def _peek(self) -> Shot | None:
        """Give the frame that is shown next; None if the camera was closed."""
        with self._lock:
            if self._clip is None:
                if self._alarm.ended:
                    return None
                raise CameraError('the camera video is not open; call open() first')
            if self._shot is None:
                self._shot = self._clip.next() or self._first_again(self._clip)
            return self._shot

    def _first_again(self, clip: Clip) -> Shot | None:
        if not self._loop:
            raise EndOfStream(f'{self._path} is through')
        self._start_ns += clip.end_ns
        clip.release()
        self._clip = Clip(self._path, self._rate)
        return self._clip.next()

    def _due(self, shot: Shot) -> int:
        """Steady time of the frame. If it has passed, all that follows is put off by as much."""
        late_ns = time.monotonic_ns() - (self._start_ns + shot.media_ns)
        self._start_ns += max(late_ns, 0)
        return self._start_ns + shot.media_ns
