"""Combines images with the masks that were computed from them, by their stamps."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from picosam_ros.frame import Pixels
from picosam_ros.viewer.frames import ViewerFrame, ViewerMask

# Images that wait for their masks: as many as a slow engine needs, and bounded.
MAX_BYTES = 128 << 20
# Masks that arrived before their image.
MAX_EARLY_MASKS = 8
# Images are shown without masks after this time without any, and after three intervals of masks.
TIMEOUT_S, TIMEOUT_INTERVALS, MAX_TIMEOUT_S = 1.0, 3.0, 10.0
# An image older than the last by this much is not late: a recording has started again.
JUMP_NS = 1_000_000_000


@dataclass(frozen=True, eq=False)
class PendingImage:
    """A received image, not converted yet; `size` is its memory in bytes."""

    stamp_ns: int
    width: int
    height: int
    size: int
    pixels: Callable[[], Pixels]


@dataclass(frozen=True, eq=False)
class FrameMasks:
    """All masks of one image; `unanswered` as in ViewerFrame."""

    stamp_ns: int
    masks: tuple[ViewerMask, ...] = ()
    unanswered: tuple[tuple[int, str], ...] = ()


class FrameAssembler:
    """Emits frames in the order of their stamps; safe to use from several threads.

    Args:
        emit: called with each frame.
        clock: steady, in seconds.

    Attributes:
        frames: number of emitted frames.
        unmatched: number of mask arrays whose image never came, or came too late.

    """

    def __init__(
        self, emit: Callable[[ViewerFrame], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.frames = 0
        self.unmatched = 0
        self._emit = emit
        self._clock = clock
        self._lock = threading.Lock()
        self._images: OrderedDict[int, PendingImage] = OrderedDict()
        self._early_masks: OrderedDict[int, FrameMasks] = OrderedDict()
        self._bytes = 0
        self._last_ns = -1
        self._masks_at: float | None = None
        self._mask_interval = 0.0

    def clear(self) -> None:
        """Drop pending images and masks, and accept any stamp again, as after a clock jump."""
        with self._lock:
            self._clear()

    def add_image(self, image: PendingImage) -> None:
        """Add an image; it waits for its masks while masks are received."""
        with self._lock:
            if image.stamp_ns < self._last_ns - JUMP_NS:
                self._clear()
            masks = self._early_masks.pop(image.stamp_ns, None)
            if masks is None and self._masks_expected():
                self._keep_image(image)
                return
            frame = self._next_frame(image, masks)
        if frame is not None:
            self._emit(frame)

    def add_masks(self, masks: FrameMasks) -> None:
        """Add the masks of an image; they wait for it if they are early."""
        with self._lock:
            now = self._clock()
            if self._masks_at is not None:
                longest = MAX_TIMEOUT_S / TIMEOUT_INTERVALS
                self._mask_interval = min(now - self._masks_at, longest)
            self._masks_at = now
            image = self._images.get(masks.stamp_ns)
            if image is None:
                self._keep_masks(masks)
                return
            frame = self._next_frame(image, masks)
        if frame is not None:
            self._emit(frame)

    def _clear(self) -> None:
        self._images.clear()
        self._early_masks.clear()
        self._bytes = 0
        self._last_ns = -1
        self._masks_at = None
        self._mask_interval = 0.0

    def _masks_expected(self) -> bool:
        if self._masks_at is None:
            return False
        timeout = max(TIMEOUT_S, TIMEOUT_INTERVALS * self._mask_interval)
        return self._clock() - self._masks_at < timeout

    def _next_frame(self, image: PendingImage, masks: FrameMasks | None) -> ViewerFrame | None:
        """Return the next frame; None if a newer one was emitted already."""
        if image.stamp_ns <= self._last_ns:
            return None
        self._last_ns = image.stamp_ns
        self._drop_older()
        self.frames += 1
        return ViewerFrame(
            self.frames,
            image.stamp_ns,
            image.width,
            image.height,
            image.pixels,
            masks.masks if masks else (),
            masks.unanswered if masks else (),
            masks is not None,
        )

    def _keep_image(self, image: PendingImage) -> None:
        self._images[image.stamp_ns] = image
        self._bytes += image.size
        while self._bytes > MAX_BYTES and len(self._images) > 1:
            self._drop_image(next(iter(self._images)))

    def _keep_masks(self, masks: FrameMasks) -> None:
        if masks.stamp_ns <= self._last_ns:
            return
        self._early_masks[masks.stamp_ns] = masks
        while len(self._early_masks) > MAX_EARLY_MASKS:
            self._early_masks.popitem(last=False)
            self.unmatched += 1

    def _drop_older(self) -> None:
        for stamp_ns in [stamp for stamp in self._images if stamp <= self._last_ns]:
            self._drop_image(stamp_ns)
        for stamp_ns in [stamp for stamp in self._early_masks if stamp < self._last_ns]:
            del self._early_masks[stamp_ns]
            self.unmatched += 1

    def _drop_image(self, stamp_ns: int) -> None:
        self._bytes -= self._images.pop(stamp_ns).size
