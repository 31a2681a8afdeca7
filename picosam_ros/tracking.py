"""The ROI follows the object: the mask of one frame says where to look in the next."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.appearance import Appearance
from picosam_ros.frame import Frame, Pixels
from picosam_ros.mask import Mask
from picosam_ros.prompt import MIN_ROI_SIZE, Prompt
from picosam_ros.roi import Affine

Map = npt.NDArray[np.float32]

# Side of the squares that are compared: half of the network's.
GRID = 48


@dataclass(frozen=True)
class Limits:
    """How a track moves, and when it ends.

    Attributes:
        shift: how far the ROI moves in one frame, as a share of its side.
        growth: by which factor it grows or shrinks in one frame, at most.
        score: a mask below it is not believed.
        likeness: nor is one whose pixels look less like the object: their mean likelihood.
        widen: by which factor the ROI grows in each frame without a believed mask.
        widest: how far that goes, as a multiple of the ROI's last side.
        patience: frames without a believed mask after which the object is lost.

    """

    shift: float = 0.35
    growth: float = 1.04
    score: float = 0.1
    likeness: float = 0.4
    widen: float = 1.04
    widest: float = 2.5
    patience: int = 90


@dataclass
class Track:
    """Where the network looks for one object: the centre and side of a square of the image.

    `size` is the square root of the object's area in image pixels, `fill` its share of the side:
    that of the user's own ROI, or of the first mask. `home` is where it was seen last.
    """

    generation: int
    x: float
    y: float
    side: float
    size: float
    fill: float
    appearance: Appearance
    home: tuple[float, float, float]
    held: int = 0


@dataclass(frozen=True)
class Doubt:
    """A mask that is not believed to show the object, and why."""

    prompt: Prompt
    reason: str


@dataclass(frozen=True)
class Verdict:
    """On the masks of one frame.

    Attributes:
        believed: these show their objects.
        held: these do not; the track waits where it was, and looks wider and wider.
        lost: nor do these, and their tracks ended.

    """

    believed: tuple[Mask, ...]
    held: tuple[Doubt, ...]
    lost: tuple[Doubt, ...]


@dataclass(frozen=True, eq=False)
class Look:
    """A mask and what the network saw, at a resolution that is enough to follow.

    Attributes:
        mask: of one object.
        pixels: GRID×GRID×3 uint8 RGB.
        depth: GRID×GRID, how far inside the mask a pixel lies, in pixels; 0 outside. A leak of
            the mask is thin as a rule, so that depth does not see it.
        to_image: pixels of this grid to image pixels.

    """

    mask: Mask
    pixels: Pixels
    depth: Map
    to_image: Affine

    @classmethod
    def at(cls, frame: Frame, mask: Mask) -> Look:
        """Sample what the network saw; beyond the border, the border's own pixels."""
        to_image = mask.roi.affine_to(GRID, GRID).inverse()
        logits = cv2.resize(mask.logits, (GRID, GRID), interpolation=cv2.INTER_AREA)
        inside = (logits > 0).view(np.uint8)
        depth = np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, 3), np.float32)
        # A mask without any outside is infinitely deep.
        np.minimum(depth, GRID, out=depth)
        return cls(mask, _sampled(frame.pixels, to_image), depth, to_image)


class Tracker:
    """Turns the user's prompts into those for the next frame, and learns from its masks.

    One run of the network per object and frame; the first frame takes the user's prompt as it
    is. The same for every engine.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._tracks: dict[int, Track] = {}

    def aim(self, prompt: Prompt) -> Prompt:
        """Give the prompt for the next frame: the same object and generation, where it is now."""
        track = self._tracks.get(prompt.object_id)
        if track is None or track.generation != prompt.generation:
            self._tracks.pop(prompt.object_id, None)
            return prompt
        size = max(round(track.side), MIN_ROI_SIZE)
        moved = Prompt.at(track.x, track.y, object_id=prompt.object_id, roi_size=size)
        return replace(moved, generation=prompt.generation)

    def keep(self, object_ids: Collection[int]) -> None:
        """Forget all other objects."""
        self._tracks = {key: t for key, t in self._tracks.items() if key in object_ids}

    def learn(self, frame: Frame, masks: Sequence[Mask]) -> Verdict:
        """Follow the masks of one frame."""
        believed, held, lost = [], [], []
        for mask in masks:
            doubt = self._learn(frame, mask)
            if doubt is None:
                believed.append(mask)
            elif mask.prompt.object_id in self._tracks:
                held.append(doubt)
            else:
                lost.append(doubt)
        return Verdict(tuple(believed), tuple(held), tuple(lost))

    def _learn(self, frame: Frame, mask: Mask) -> Doubt | None:
        track = self._tracks.get(mask.prompt.object_id)
        look = Look.at(frame, mask)
        if track is None:
            if look.depth.any():
                self._tracks[mask.prompt.object_id] = _begun(look)
            return None
        likelihood = track.appearance.likelihood(look.pixels)
        reason = self._doubt(look, likelihood)
        if not reason:
            self._follow(track, look, likelihood)
            return None
        track.held += 1
        if track.held > self.limits.patience:
            del self._tracks[mask.prompt.object_id]
            return Doubt(mask.prompt, f'not seen for {track.held} frames: {reason}')
        self._search(track, look, likelihood)
        return Doubt(mask.prompt, reason)

    def _doubt(self, look: Look, likelihood: Map) -> str:
        """Why the mask is not believed; empty if it is."""
        if not look.depth.any():
            return 'the network sees nothing there'
        if look.mask.score < self.limits.score:
            return f'the score fell to {look.mask.score:.2f}'
        likeness = float(likelihood[look.depth > 0].mean())
        if likeness < self.limits.likeness:
            return f'what is there looks different (likeness {likeness:.2f})'
        return ''

    def _follow(self, track: Track, look: Look, likelihood: Map) -> None:
        x, y, size = _measured(look, likelihood)
        step = self.limits.shift * track.side
        track.x += float(np.clip(x - track.x, -step, step))
        track.y += float(np.clip(y - track.y, -step, step))
        # Half of the way, so that a mask that flickers does not make the ROI pump.
        wanted = math.sqrt(size / track.fill / track.side)
        growth = float(np.clip(wanted, 1 / self.limits.growth, self.limits.growth))
        largest = 2 * max(look.mask.image_width, look.mask.image_height)
        track.side = float(np.clip(track.side * growth, 2 * MIN_ROI_SIZE, largest))
        track.size = size
        track.home = track.x, track.y, track.side
        track.held = 0
        track.appearance.learn(look.pixels, look.depth * likelihood)

    def _search(self, track: Track, look: Look, likelihood: Map) -> None:
        """Look where its colours are; else where it was seen last, wider than before."""
        x, y, side = track.home
        span = max(int(0.7 * track.size / look.to_image.scale_x), 3) | 1
        blurred = cv2.blur(likelihood, (span, span), borderType=cv2.BORDER_CONSTANT)
        _, peak, _, (column, row) = cv2.minMaxLoc(blurred)
        if peak > 0.5:
            track.x, track.y = look.to_image(column, row)
            track.side = side
            return
        track.x, track.y = x, y
        track.side = min(max(track.side, side) * self.limits.widen, side * self.limits.widest)


def _sampled(pixels: Pixels, to_image: Affine) -> Pixels:
    steps = np.arange(GRID)
    columns = np.rint(to_image.scale_x * steps + to_image.shift_x).astype(np.intp)
    rows = np.rint(to_image.scale_y * steps + to_image.shift_y).astype(np.intp)
    height, width = pixels.shape[:2]
    return pixels[rows.clip(0, height - 1)[:, None], columns.clip(0, width - 1)]


def _begun(look: Look) -> Track:
    appearance = Appearance(look.pixels, look.depth)
    x, y, size = _measured(look, appearance.likelihood(look.pixels))
    side = float(look.mask.roi.width)
    return Track(
        look.mask.prompt.generation, x, y, side, size, size / side, appearance, (x, y, side)
    )


def _measured(look: Look, likelihood: Map) -> tuple[float, float, float]:
    """Centre x, y and square root of the area, in image pixels, of what looks like the object."""
    weights = look.depth**2 * likelihood + 1e-9 * look.depth
    total = float(weights.sum())
    rows, columns = weights.shape
    column = float(weights.sum(0) @ np.arange(columns)) / total
    row = float(weights.sum(1) @ np.arange(rows)) / total
    pixel = look.to_image.scale_x * look.to_image.scale_y
    area = float(likelihood[look.depth > 0].sum()) * pixel
    return *look.to_image(column, row), math.sqrt(max(area, 1.0))
