"""Brings pictures and their masks together: a mask is shown on the frame that it was made from."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from picosam_ros.frame import Pixels
from picosam_ros.viewer.frames import Scene, SceneMask

# Pictures that wait for their masks: as many as a slow engine needs, and bounded.
MAX_BYTES = 128 << 20
# Masks that arrived before their picture.
MAX_EARLY = 8
# Without masks for that long, and for three times as long as they last took, pictures are shown
# without them.
PATIENCE_S, PATIENCE_GAPS, MAX_PATIENCE_S = 1.0, 3.0, 10.0
# A picture that much older than the one shown is no late one: a recording has begun anew.
JUMP_NS = 1_000_000_000


@dataclass(frozen=True, eq=False)
class Picture:
    """A frame, not converted yet; `size` is what it holds in memory, in bytes."""

    stamp_ns: int
    width: int
    height: int
    size: int
    pixels: Callable[[], Pixels]


@dataclass(frozen=True, eq=False)
class Masks:
    """All masks of one frame; `unanswered` as in Scene."""

    stamp_ns: int
    masks: tuple[SceneMask, ...] = ()
    unanswered: tuple[tuple[int, str], ...] = ()


class Pairing:
    """Gives scenes in the order of their stamps; safe to use from several threads.

    Args:
        show: called with each scene.
        clock: seconds that never jump.

    Attributes:
        scenes: how many there were.
        unmatched: masks whose picture never came, or came too late.

    """

    def __init__(
        self, show: Callable[[Scene], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.scenes = 0
        self.unmatched = 0
        self._show = show
        self._clock = clock
        self._lock = threading.Lock()
        self._pictures: OrderedDict[int, Picture] = OrderedDict()
        self._early: OrderedDict[int, Masks] = OrderedDict()
        self._bytes = 0
        self._shown_ns = -1
        self._answered: float | None = None
        self._gap = 0.0

    def clear(self) -> None:
        """Forget all that waits, and what was shown: the clock of the stamps may have jumped."""
        with self._lock:
            self._forget_all()

    def add_picture(self, picture: Picture) -> None:
        """Take a picture; it waits for its masks where somebody makes some."""
        with self._lock:
            if picture.stamp_ns < self._shown_ns - JUMP_NS:
                self._forget_all()
            masks = self._early.pop(picture.stamp_ns, None)
            if masks is None and self._masks_are_expected():
                self._keep(picture)
                return
            scene = self._scene(picture, masks)
        if scene is not None:
            self._show(scene)

    def add_masks(self, masks: Masks) -> None:
        """Take the masks of a frame."""
        with self._lock:
            now = self._clock()
            if self._answered is not None:
                self._gap = min(now - self._answered, MAX_PATIENCE_S / PATIENCE_GAPS)
            self._answered = now
            picture = self._pictures.get(masks.stamp_ns)
            if picture is None:
                self._keep_early(masks)
                return
            scene = self._scene(picture, masks)
        if scene is not None:
            self._show(scene)

    def _forget_all(self) -> None:
        self._pictures.clear()
        self._early.clear()
        self._bytes = 0
        self._shown_ns = -1
        self._answered = None
        self._gap = 0.0

    def _masks_are_expected(self) -> bool:
        if self._answered is None:
            return False
        return self._clock() - self._answered < max(PATIENCE_S, PATIENCE_GAPS * self._gap)

    def _scene(self, picture: Picture, masks: Masks | None) -> Scene | None:
        """Make the next scene, unless a newer one was shown already."""
        if picture.stamp_ns <= self._shown_ns:
            return None
        self._shown_ns = picture.stamp_ns
        self._drop_older()
        self.scenes += 1
        return Scene(
            self.scenes,
            picture.stamp_ns,
            picture.width,
            picture.height,
            picture.pixels,
            masks.masks if masks else (),
            masks.unanswered if masks else (),
            masks is not None,
        )

    def _keep(self, picture: Picture) -> None:
        self._pictures[picture.stamp_ns] = picture
        self._bytes += picture.size
        while self._bytes > MAX_BYTES and len(self._pictures) > 1:
            self._forget(next(iter(self._pictures)))

    def _keep_early(self, masks: Masks) -> None:
        if masks.stamp_ns <= self._shown_ns:
            return
        self._early[masks.stamp_ns] = masks
        while len(self._early) > MAX_EARLY:
            self._early.popitem(last=False)
            self.unmatched += 1

    def _drop_older(self) -> None:
        for stamp_ns in [stamp for stamp in self._pictures if stamp <= self._shown_ns]:
            self._forget(stamp_ns)
        for stamp_ns in [stamp for stamp in self._early if stamp < self._shown_ns]:
            del self._early[stamp_ns]
            self.unmatched += 1

    def _forget(self, stamp_ns: int) -> None:
        self._bytes -= self._pictures.pop(stamp_ns).size
