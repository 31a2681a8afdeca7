"""The ROI follows the object: the mask of one frame says where to look in the next."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from picosam_ros.frame import Frame
from picosam_ros.mask import Mask
from picosam_ros.prompt import MIN_ROI_SIZE, Prompt
from picosam_ros.results import Correction, Unanswered
from picosam_ros.roi import Affine, Roi
from picosam_ros.tracking.colour_model import ColourModel
from picosam_ros.tracking.observation import GRID, Observation, search
from picosam_ros.tracking.optical_flow import TrackedPoints

# Of the ROI's side, what an object takes whose size is known: the rest is room to move.
OBJECT_SHARE = 0.6

# The texture tells from frame to frame how the object moved. The mask tells where its middle is,
# and takes in a neighbour at times: so the ROI follows the texture, and leans to the mask's middle
# by this share of the way.
LEAN = 0.3


@dataclass(frozen=True)
class Limits:
    """How a track moves, and when it ends.

    Attributes:
        shift: how far the ROI moves in one frame, as a share of its side.
        growth: by which factor it grows or shrinks in one frame, at most.
        score: a mask below it is not accepted.
        likeness: nor is one whose colours are less like the object's, see Appearance.
        widen: by which factor the ROI grows in each frame without an accepted mask.
        widest: how far that goes, as a multiple of the ROI's last side.
        patience: frames without an accepted mask after which the object is lost.

    """

    shift: float = 0.35
    growth: float = 1.04
    score: float = 0.1
    likeness: float = 0.8
    widen: float = 1.04
    widest: float = 2.5
    patience: int = 90


@dataclass
class Track:
    """Where the network looks for one object: the centre and side of a square of the image.

    `size` is the square root of the object's area in image pixels, `object_share` its share of the
    side: that of the user's own ROI, or of the first mask. `home` is where it was seen last.
    `patch` is what it looked like in the last frame; None if it was not seen there.
    """

    generation: int
    x: float
    y: float
    side: float
    size: float
    object_share: float
    appearance: ColourModel
    home: tuple[float, float, float]
    patch: TrackedPoints | None = None
    missed: int = 0

    def moved(self, motion: Affine) -> Track:
        """The same after a motion of the image."""
        (x, y), scale = motion(self.x, self.y), motion.scale_x
        side = scale * self.side
        return replace(self, x=x, y=y, side=side, size=scale * self.size, home=(x, y, side))


@dataclass(frozen=True)
class Evaluation:
    """On the masks of one frame.

    Attributes:
        accepted: these show their objects.
        missing: these do not; the track searches the object.
        lost: nor do these, and their tracks ended.

    """

    accepted: tuple[Mask, ...]
    missing: tuple[Unanswered, ...]
    lost: tuple[Unanswered, ...]


class Tracker:
    """Turns the user's prompts into those for the next frame, and learns from its masks.

    One run of the network per object and frame; the first frame takes the user's prompt as it
    is. The same for every engine.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._tracks: dict[int, Track] = {}
        self._to_learn: list[Callable[[], None]] = []

    def predict(self, prompt: Prompt) -> Prompt:
        """Give the prompt for the next frame: the same object and generation, where it is now."""
        self.learn()
        track = self._tracks.get(prompt.object_id)
        if track is None or track.generation != prompt.generation:
            self._tracks.pop(prompt.object_id, None)
            return prompt
        size = max(round(track.side), MIN_ROI_SIZE)
        moved = Prompt.from_point(track.x, track.y, object_id=prompt.object_id, roi_size=size)
        return replace(moved, generation=prompt.generation)

    def keep(self, object_ids: Collection[int]) -> None:
        """Forget all other objects."""
        self.learn()
        self._tracks = {key: t for key, t in self._tracks.items() if key in object_ids}

    def evaluate(self, frame: Frame, masks: Sequence[Mask]) -> Evaluation:
        """Tell which masks of one frame show their objects; `learn` follows them."""
        self.learn()
        accepted, missing, lost = [], [], []
        for mask in masks:
            missing_reason = self._evaluate(frame, Observation.of(frame, mask))
            if missing_reason is None:
                accepted.append(mask)
            elif mask.prompt.object_id in self._tracks:
                missing.append(missing_reason)
            else:
                lost.append(missing_reason)
        return Evaluation(tuple(accepted), tuple(missing), tuple(lost))

    def correct(self, correction: Correction) -> None:
        """Begin a track anew from a better mask of an earlier frame, where that is now.

        What answers the user's own prompt is the object; what answers a derived one must look
        like it.
        """
        self._to_learn.append(lambda: self._correct(correction))

    def learn(self) -> None:
        """Follow the objects of the last evaluation; `predict` and `evaluate` do it otherwise."""
        follow, self._to_learn = self._to_learn, []
        for step in follow:
            step()

    def _evaluate(self, frame: Frame, look: Observation) -> Unanswered | None:
        prompt = look.mask.prompt
        track = self._tracks.get(prompt.object_id)
        if track is None:
            if look.depth.any():
                self._to_learn.append(lambda: self._begin(frame, look))
            return None
        reason = self._reason_against(track, look)
        if not reason:
            self._to_learn.append(lambda: self._follow(track, frame, look))
            return None
        track.missed += 1
        track.patch = None
        if track.missed > self.limits.patience:
            del self._tracks[prompt.object_id]
            return Unanswered(prompt, f'not seen for {track.missed} frames: {reason}')
        self._to_learn.append(lambda: self._search(track, frame))
        return Unanswered(prompt, reason)

    def _begin(self, frame: Frame, look: Observation) -> None:
        track = self._tracks[look.mask.prompt.object_id] = _begun(look)
        track.patch = TrackedPoints.of(frame, look, track.appearance.likelihood(look.colours))

    def _correct(self, correction: Correction) -> None:
        mask = correction.mask
        if mask.box is None:
            return
        track = self._tracks.get(mask.prompt.object_id)
        roi = Roi.square(
            *mask.box.centre, max(round(mask.box.long_side / OBJECT_SHARE), MIN_ROI_SIZE)
        )
        boxed = replace(mask.prompt, points=(), box=mask.box)
        look = Observation.of(correction.frame, replace(mask.within(roi, 2 * GRID), prompt=boxed))
        if not look.depth.any():
            return
        if correction.by_user or track is None or not self._reason_against(track, look):
            track = self._tracks[boxed.object_id] = _begun(look).moved(correction.since)
            track.side = _bounded(track.side, mask)

    def _reason_against(self, track: Track, look: Observation) -> str:
        """Why the mask is not accepted; empty if it is."""
        if not look.depth.any():
            return 'the network sees nothing there'
        if look.mask.score < self.limits.score:
            return f'the score fell to {look.mask.score:.2f}'
        likeness = track.appearance.likeness(look.colours, look.depth)
        if likeness < self.limits.likeness:
            return f'what is there looks different (likeness {likeness:.2f})'
        return ''

    def _follow(self, track: Track, frame: Frame, look: Observation) -> None:
        likelihood = track.appearance.likelihood(look.colours)
        x, y, size = look.measure(likelihood)
        motion = track.patch.motion(frame) if track.patch else None
        if motion is not None:
            carried_x, carried_y = track.x + motion[0], track.y + motion[1]
            x, y = carried_x + LEAN * (x - carried_x), carried_y + LEAN * (y - carried_y)
        step = self.limits.shift * track.side
        track.x += float(np.clip(x - track.x, -step, step))
        track.y += float(np.clip(y - track.y, -step, step))
        # Half of the way, so that a mask that flickers does not make the ROI pump.
        wanted = math.sqrt(size / track.object_share / track.side)
        growth = float(np.clip(wanted, 1 / self.limits.growth, self.limits.growth))
        track.side = _bounded(track.side * growth, look.mask)
        track.size = size
        track.home = track.x, track.y, track.side
        track.missed = 0
        track.patch = TrackedPoints.of(frame, look, likelihood)
        track.appearance.learn(look.colours, look.depth * likelihood)

    def _search(self, track: Track, frame: Frame) -> None:
        """Look by turns where it was seen last, wider and wider, and where its colours are.

        The former first: what blinks for one frame is there again in the next.
        """
        x, y, side = track.home
        if not track.missed % 2 and (found := search(frame.pixels, track.appearance, track.size)):
            track.x, track.y = found
            track.side = side
            return
        track.x, track.y = x, y
        widened = side * self.limits.widen**track.missed
        track.side = min(widened, side * self.limits.widest)


def _bounded(side: float, mask: Mask) -> float:
    largest = 2 * max(mask.image_width, mask.image_height)
    return float(np.clip(side, 2 * MIN_ROI_SIZE, largest))


def _begun(look: Observation) -> Track:
    appearance = ColourModel(look.colours, look.depth)
    x, y, size = look.measure(appearance.likelihood(look.colours))
    side = float(look.mask.roi.width)
    return Track(
        look.mask.prompt.generation, x, y, side, size, size / side, appearance, (x, y, side)
    )
