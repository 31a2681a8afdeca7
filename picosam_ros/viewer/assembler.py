"""Combines images with the masks that were computed from them, by their stamps."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from picosam_ros.frame import Pixels
from picosam_ros.mask import Mask
from picosam_ros.results import Result
from picosam_ros.viewer.frames import ViewerFrame, ViewerMask

# Images that wait for their masks: as many as a slow engine needs, and bounded.
MAX_BYTES = 128 << 20
# Masks that arrived before their image.
MAX_EARLY_MASKS = 8
# Images are shown without masks after this time without any, and after three intervals of masks.
TIMEOUT_S, TIMEOUT_INTERVALS, MAX_TIMEOUT_S = 1.0, 3.0, 10.0
# An image older than the last by this much is not late: a recording has started again. So it has,
# or a clock was set back, where so many images in a row are older by less.
JUMP_NS = 1_000_000_000
MAX_LATE_IMAGES = 10
# Stamps of images that were shown without masks; masks of one of them tell that more will come.
_SHOWN_STAMPS = 512


@dataclass(frozen=True, eq=False)
class PendingImage:
    """A received image, not converted yet; `size` is its memory in bytes."""

    stamp_ns: int
    width: int
    height: int
    size: int
    pixels: Callable[[], Pixels]
    frame_id: str = ''


@dataclass(frozen=True, eq=False)
class FrameMasks:
    """All masks of one image; `unanswered` as in ViewerFrame."""

    stamp_ns: int
    masks: tuple[ViewerMask, ...] = ()
    unanswered: tuple[tuple[int, str], ...] = ()

    def updated(self, later: FrameMasks) -> FrameMasks:
        """Return these masks with those that came later for the same image in their place."""
        masks = {mask.object_id: mask for mask in (*self.masks, *later.masks)}
        reasons = {number: why for number, why in self.unanswered if number not in masks}
        unanswered = reasons | dict(later.unanswered)
        return replace(later, masks=tuple(masks.values()), unanswered=tuple(unanswered.items()))


def masks_of(result: Result) -> FrameMasks:
    """Return the masks of a result; their pixels are worked out now."""
    return FrameMasks(
        result.frame.stamp_ns,
        tuple(map(to_viewer_mask, result.masks)),
        tuple((one.prompt.object_id, one.reason) for one in result.unanswered),
    )


class FrameAssembler:
    """Emits frames in the order of their stamps; safe to use from several threads.

    An image without a stamp (0) belongs to no masks: it is emitted at once.

    Args:
        emit: called with each frame.
        clock: steady, in seconds.
        on_late: called with masks of an image that was emitted before they came, or never will be.

    Attributes:
        frames: number of emitted frames.
        unmatched: number of mask arrays whose image never came, or was shown before.
        late: number of images that came after a newer one was shown.
        unstamped: number of images without a stamp.

    """

    def __init__(
        self,
        emit: Callable[[ViewerFrame], None],
        clock: Callable[[], float] = time.monotonic,
        *,
        on_late: Callable[[FrameMasks], None] = lambda masks: None,
    ) -> None:
        self.frames = self.unmatched = self.late = self.unstamped = 0
        self._emit = emit
        self._on_late = on_late
        self._clock = clock
        self._lock = threading.Lock()
        self._clear()

    def clear(self) -> None:
        """Drop pending images and masks, and accept any stamp again, as after a clock jump."""
        with self._lock:
            self._clear()

    def add_image(self, image: PendingImage) -> None:
        """Add an image; it waits for its masks while masks are received."""
        with self._lock:
            frame = self._frame_of_image(image)
        if frame is not None:
            self._emit(frame)

    def add_masks(self, masks: FrameMasks) -> None:
        """Add the masks of an image; they wait for it if they are early."""
        with self._lock:
            late = masks.stamp_ns <= self._last_ns
            frame = self._frame_of_masks(masks)
        if frame is not None:
            self._emit(frame)
        elif late:
            self._on_late(masks)

    def _clear(self) -> None:
        self._images: OrderedDict[int, PendingImage] = OrderedDict()
        self._early_masks: OrderedDict[int, FrameMasks] = OrderedDict()
        self._shown_without: deque[int] = deque(maxlen=_SHOWN_STAMPS)
        self._bytes = 0
        self._last_ns = -1
        self._late_in_a_row = 0
        # When masks were last known to belong to an image that is received.
        self._matched_at: float | None = None
        self._masks_at: float | None = None
        self._mask_interval = 0.0

    def _frame_of_image(self, image: PendingImage) -> ViewerFrame | None:
        if not image.stamp_ns:
            self.unstamped += 1
            return self._frame(image, None)
        if self._is_late(image):
            return None
        masks = self._early_masks.pop(image.stamp_ns, None)
        if masks is not None:
            self._matched_at = self._clock()
        elif self._masks_expected():
            self._keep_image(image)
            return None
        else:
            self._shown_without.append(image.stamp_ns)
        return self._next_frame(image, masks)

    def _frame_of_masks(self, masks: FrameMasks) -> ViewerFrame | None:
        self._note_masks(masks.stamp_ns)
        image = self._images.get(masks.stamp_ns)
        if image is not None:
            return self._next_frame(image, masks)
        if not masks.stamp_ns or masks.stamp_ns <= self._last_ns:
            self.unmatched += 1
        else:
            self._keep_masks(masks)
        return None

    def _is_late(self, image: PendingImage) -> bool:
        """Whether a newer image was shown; begin anew where that cannot be the reason."""
        if image.stamp_ns > self._last_ns:
            self._late_in_a_row = 0
            return False
        self._late_in_a_row += 1
        jumped = image.stamp_ns < self._last_ns - JUMP_NS
        if jumped or self._late_in_a_row > MAX_LATE_IMAGES:
            self._clear()
            return False
        self.late += 1
        return True

    def _note_masks(self, stamp_ns: int) -> None:
        now = self._clock()
        if self._masks_at is not None:
            self._mask_interval = min(now - self._masks_at, MAX_TIMEOUT_S / TIMEOUT_INTERVALS)
        # The first ones are trusted to belong to an image; were all of them, images would wait for
        # the masks of another camera for ever.
        known = stamp_ns in self._images or stamp_ns in self._shown_without
        if known or self._masks_at is None:
            self._matched_at = now
        self._masks_at = now

    def _masks_expected(self) -> bool:
        if self._matched_at is None:
            return False
        timeout = max(TIMEOUT_S, TIMEOUT_INTERVALS * self._mask_interval)
        return self._clock() - self._matched_at < timeout

    def _next_frame(self, image: PendingImage, masks: FrameMasks | None) -> ViewerFrame:
        self._last_ns = image.stamp_ns
        self._drop_older()
        return self._frame(image, masks)

    def _frame(self, image: PendingImage, masks: FrameMasks | None) -> ViewerFrame:
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
            image.frame_id,
        )

    def _keep_image(self, image: PendingImage) -> None:
        if image.stamp_ns in self._images:
            self._drop_image(image.stamp_ns)
        self._images[image.stamp_ns] = image
        self._bytes += image.size
        while self._bytes > MAX_BYTES and len(self._images) > 1:
            self._drop_image(next(iter(self._images)))

    def _keep_masks(self, masks: FrameMasks) -> None:
        earlier = self._early_masks.pop(masks.stamp_ns, None)
        self._early_masks[masks.stamp_ns] = earlier.updated(masks) if earlier else masks
        while len(self._early_masks) > MAX_EARLY_MASKS:
            self._early_masks.popitem(last=False)
            self.unmatched += 1

    def _drop_older(self) -> None:
        for stamp_ns in [stamp for stamp in self._images if stamp <= self._last_ns]:
            self._drop_image(stamp_ns)
        for stamp_ns in [stamp for stamp in self._early_masks if stamp <= self._last_ns]:
            del self._early_masks[stamp_ns]
            self.unmatched += 1

    def _drop_image(self, stamp_ns: int) -> None:
        self._bytes -= self._images.pop(stamp_ns).size


def to_viewer_mask(mask: Mask) -> ViewerMask:
    """Return a mask as browsers are shown it; its pixels are worked out now."""
    return ViewerMask(
        mask.prompt.object_id,
        mask.prompt.generation,
        mask.engine,
        mask.score,
        mask.probability,
        mask.roi,
        mask.candidates,
    )
