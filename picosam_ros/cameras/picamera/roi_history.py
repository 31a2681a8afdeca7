"""Which ROI a frame's tensor was computed with: the driver does not report it, so it is kept here.

The ROI is written to the sensor directly, past libcamera's delayed controls, and is not echoed in
a frame's metadata. What is known is when it was written and when each frame was captured.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from picosam_ros.roi import Roi

# More are never needed: those that frames in flight may belong to.
LENGTH = 16


@dataclass(frozen=True)
class Placement:
    """An ROI that was written to the sensor.

    Attributes:
        roi: whole pixels of the sensor.
        ticket: counts the calls.
        placed_ns: moment of the call on the steady clock.

    """

    roi: Roi
    ticket: int
    placed_ns: int


@dataclass(frozen=True)
class Unsettled:
    """The ROI of a frame is not known."""

    reason: str


class RoiHistory:
    """The last placements. Safe to use from several threads.

    Args:
        settle_frames: so many frames that were captured after a placement, and the one that was
            being captured during it, may have been computed with either ROI.

    """

    def __init__(self, settle_frames: int) -> None:
        self._settle_frames = settle_frames
        self._placements: deque[Placement] = deque(maxlen=LENGTH)
        self._lock = threading.Lock()

    def add(self, placement: Placement) -> None:
        """Remember one that has just been written to the sensor."""
        with self._lock:
            self._placements.append(placement)

    def restart(self, placement: Placement | None) -> None:
        """Forget all but one, with which a new stream begins."""
        with self._lock:
            self._placements.clear()
            if placement is not None:
                self._placements.append(placement)

    @property
    def newest(self) -> Placement | None:
        """The last one; None before the first."""
        with self._lock:
            return self._placements[-1] if self._placements else None

    def of(self, captured_ns: int, period_ns: int) -> Placement | Unsettled:
        """Return the placement with which a frame was computed.

        Args:
            captured_ns: moment at which the frame's exposure began, on the steady clock. What
                counts is this, not when the frame is delivered.
            period_ns: between two frames.

        """
        with self._lock:
            placements = tuple(self._placements)
        for placement in reversed(placements):
            # 0 for the frame whose capture the placement fell into, 1 for the one after it.
            count = (captured_ns - placement.placed_ns) // period_ns + 1
            if count > self._settle_frames:
                return placement
            if count >= 0:
                return Unsettled(
                    f'the ROI was placed {count} frames ago, {self._settle_frames} are needed '
                    'to settle'
                )
        return Unsettled('no ROI had been placed when this frame was captured')
