"""Which frame a prompt means: the stamp and frame id of its header against the recent frames."""

from __future__ import annotations

import threading
from collections import deque

from picosam_ros.errors import PromptError
from picosam_ros.frame import Frame

# About what a detector, or a person who clicks at once, takes at 30 frames per second.
FRAMES = 8
# Views keep their messages alive: large images are kept for a shorter time.
BYTES = 64 << 20

# Clocks of two machines that are kept in step differ by less.
CLOCK_SLACK_S = 0.1

_SECOND = 1e9


class RecentFrames:
    """The last few frames, so that a prompt can be answered on the one that it was made for.

    Thread-safe.

    Args:
        limit: frames that are kept.
        limit_bytes: pixels that are kept; the newest frame always is.

    """

    def __init__(self, limit: int = FRAMES, limit_bytes: int = BYTES) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._frames: deque[Frame] = deque(maxlen=limit)
        self._lock = threading.Lock()

    @property
    def newest(self) -> Frame | None:
        """The last one that was added."""
        with self._lock:
            return self._frames[-1] if self._frames else None

    def add(self, frame: Frame) -> None:
        """Add a frame; frames of another size mean other pixels and are forgotten."""
        fits = max(1, self._limit_bytes // max(frame.pixels.nbytes, 1))
        with self._lock:
            if self._frames and self._frames[-1].pixels.shape != frame.pixels.shape:
                self._frames.clear()
            while len(self._frames) >= fits:
                self._frames.popleft()
            self._frames.append(frame)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._frames.clear()

    def find(self, stamp_ns: int, frame_id: str, *, now_ns: int, max_age_s: float) -> Frame | None:
        """Return the frame that a header means; None for the newest one.

        Args:
            stamp_ns: of the header, in nanoseconds; 0 means the newest frame.
            frame_id: of the header; empty means whatever the camera's is.
            now_ns: the present on the stamps' clock.
            max_age_s: how much older than the newest frame a stamp may be that belongs to none of
                the frames that are kept, in seconds.

        Raises:
            PromptError: another frame id, a stamp of the future, or one that is too old.

        """
        with self._lock:
            frames = tuple(self._frames)
        if not frames:
            return None
        newest = frames[-1]
        _check_frame_id(frame_id, newest.frame_id)
        if not stamp_ns:
            return None
        for frame in reversed(frames):
            if frame.stamp_ns == stamp_ns:
                return frame
        _check_stamp(stamp_ns, newest.stamp_ns, now_ns, max_age_s)
        return None


def _check_frame_id(given: str, expected: str) -> None:
    if given and expected and given != expected:
        raise PromptError(
            f'frame_id {given!r} was given, and the images are in {expected!r}; pixels belong to '
            'the image that they were taken from: send that frame_id, or an empty one'
        )


def _check_stamp(stamp_ns: int, newest_ns: int, now_ns: int, max_age_s: float) -> None:
    # A camera's clock may be ahead of this machine's: its prompts follow it.
    present_ns = max(now_ns, newest_ns)
    ahead_s = (stamp_ns - present_ns) / _SECOND
    if ahead_s > CLOCK_SLACK_S:
        raise PromptError(
            f'stamp {seconds(stamp_ns)} was given, and it is {seconds(present_ns)} now: '
            f'{ahead_s:.3g} s in the future, allowed are {CLOCK_SLACK_S:g} s; let the clocks '
            'agree, or send stamp 0 for the newest image'
        )
    age_s = (newest_ns - stamp_ns) / _SECOND
    if age_s > max_age_s:
        raise PromptError(
            f'stamp {seconds(stamp_ns)} was given, and the newest image has '
            f'{seconds(newest_ns)}: the prompt is {age_s:.3g} s old, '
            f'allowed are {max_age_s:g} s (parameter prompt_max_age); send it sooner, or with '
            'stamp 0 for the newest image'
        )


def seconds(stamp_ns: int) -> str:
    """A stamp as `ros2 topic echo` users read it: seconds with nine decimals."""
    return f'{stamp_ns // 10**9}.{stamp_ns % 10**9:09d}'
