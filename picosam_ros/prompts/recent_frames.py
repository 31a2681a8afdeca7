"""Which frame a prompt means: the stamp and frame id of its header against the recent frames."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import replace

from picosam_ros.errors import PromptError
from picosam_ros.frame import Frame
from picosam_ros.results import Answer, PromptState

# About what a detector, or a person who clicks at once, takes at 30 frames per second.
FRAMES = 8
# Views keep their messages alive: large images are kept for a shorter time.
BYTES = 64 << 20

# A frame that was answered may be shown when the next ones are answered already.
ANSWERED = 4
# Frames that somebody looks at: a few for each of some slow browsers.
MAX_LOOKED_AT = 48
LOOK_S = 1.0

# Clocks of two machines that are kept in step differ by less.
CLOCK_SLACK_S = 0.1

# What is said of a prompt that was accepted although the frame of its stamp is not kept.
NOT_KEPT = 'the image of its stamp is not kept: the newest one was taken'

_SECOND = 1e9


class RecentFrames:
    """The frames that a prompt may have been made for, so that it can be answered on that one.

    These are the last few; those that were answered last, which a slow engine has shown long after
    they came; and those that somebody looks at, see `keep`. Thread-safe.

    Args:
        limit: of the last frames that are kept.
        limit_bytes: pixels of the last frames that are kept; the newest frame always is. Those that
            were answered, ANSWERED at most, and those that are looked at, MAX_LOOKED_AT at most,
            have as much each.
        clock: steady, in seconds.

    """

    def __init__(
        self,
        limit: int = FRAMES,
        limit_bytes: int = BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit_bytes = limit_bytes
        self._clock = clock
        self._frames: deque[Frame] = deque(maxlen=limit)
        self._answered: deque[Frame] = deque(maxlen=ANSWERED)
        # With the time until which each is kept, that which ends first in front.
        self._looked_at: OrderedDict[int, tuple[Frame, float]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def newest(self) -> Frame | None:
        """The last one that was added."""
        with self._lock:
            return self._frames[-1] if self._frames else None

    def add(self, frame: Frame) -> None:
        """Add a frame; frames of another size mean other pixels and are forgotten."""
        with self._lock:
            if self._frames and self._frames[-1].pixels.shape != frame.pixels.shape:
                self._clear()
            while len(self._frames) >= self._fitting(frame):
                self._frames.popleft()
            self._frames.append(frame)
            self._end_looks(frame)

    def answered(self, frame: Frame) -> None:
        """Keep a frame whose masks are about to be published, as one of the last such frames."""
        with self._lock:
            newest = self._frames[-1] if self._frames else None
            if newest is None or newest.pixels.shape != frame.pixels.shape:
                return
            while len(self._answered) >= self._fitting(frame):
                self._answered.popleft()
            self._answered.append(frame)

    def keep(self, stamp_ns: int) -> bool:
        """Keep the frame of a stamp for LOOK_S, as somebody looks at it.

        Called again and again, it keeps it for as long as that goes on. Where there are too many,
        those go first that were not asked for the longest.

        Returns:
            Whether there is such a frame.

        """
        with self._lock:
            frame = self._of_stamp(stamp_ns)
            if frame is None or not stamp_ns:
                return False
            self._looked_at.pop(stamp_ns, None)
            self._looked_at[stamp_ns] = frame, self._clock() + LOOK_S
            self._end_looks(frame)
            return True

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._clear()

    def _clear(self) -> None:
        self._frames.clear()
        self._answered.clear()
        self._looked_at.clear()

    def _fitting(self, frame: Frame) -> int:
        # Those of a picture that stays have one memory.
        shared = bool(self._frames) and self._frames[-1].pixels is frame.pixels
        size = 0 if shared else frame.pixels.nbytes
        return max(1, self._limit_bytes // max(size, 1))

    def _end_looks(self, frame: Frame) -> None:
        most, now = min(self._fitting(frame), MAX_LOOKED_AT), self._clock()
        for stamp_ns, (_, end) in list(self._looked_at.items()):
            if end > now and len(self._looked_at) <= most:
                return
            del self._looked_at[stamp_ns]

    def _of_stamp(self, stamp_ns: int) -> Frame | None:
        looked_at = self._looked_at.get(stamp_ns)
        if looked_at is not None:
            return looked_at[0]
        known = (*self._answered, *self._frames)
        return next((each for each in reversed(known) if each.stamp_ns == stamp_ns), None)

    def kept(self, stamp_ns: int, frame_id: str = '') -> Frame:
        """Return the frame of a stamp; 0 means the newest one.

        Raises:
            PromptError: it is not kept, or has another frame id.

        """
        with self._lock:
            newest = self._frames[-1] if self._frames else None
            frame = self._of_stamp(stamp_ns) if stamp_ns else newest
        if newest is None:
            raise PromptError('no image has arrived yet; ask again once the first image is there')
        _check_frame_id(frame_id, newest.frame_id)
        if frame is None:
            raise PromptError(
                f'the image of stamp {seconds(stamp_ns)} is not kept; kept are the last ones, '
                'those that were answered last and those that a viewer shows: send the pixels with '
                'it, or stamp 0 for the newest image'
            )
        return frame

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
            newest = self._frames[-1] if self._frames else None
            made_for = self._of_stamp(stamp_ns)
        if newest is None:
            return None
        _check_frame_id(frame_id, newest.frame_id)
        if not stamp_ns:
            return None
        if made_for is not None:
            return made_for
        _check_stamp(stamp_ns, newest.stamp_ns, now_ns, max_age_s)
        return None


def noted(answer: Answer, stamp_ns: int, made_for: Frame | None) -> Answer:
    """Return the answer to a prompt of a stamp; it says so if there was no frame of that stamp."""
    if stamp_ns and made_for is None and answer.state == PromptState.ACCEPTED:
        return replace(answer, reason=answer.reason or NOT_KEPT)
    return answer


def is_about_stamp(reason: str) -> bool:
    """Return whether a prompt was refused for its stamp alone; without one it may be answered."""
    return reason.startswith('stamp ')


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
