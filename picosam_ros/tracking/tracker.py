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
from picosam_ros.tracking.observation import GRID, ColourModel, Observation, search
from picosam_ros.tracking.optical_flow import TrackedPoints

# Share of the square's side for an object of known size: the rest is room to move.
OBJECT_SHARE = 0.6

# The ROI follows the motion of the texture, and leans to the middle of the mask, which includes a
# neighbour at times, by this share of the way.
LEAN = 0.3


@dataclass(frozen=True)
class Limits:
    """How a track moves, and when it ends.

    Attributes:
        shift: how far the ROI moves in one frame, as a share of its side.
        growth: by which factor it grows or shrinks in one frame, at most.
        score: a mask with a lower one is suspect.
        likeness: so is one whose colours are less like the object's, see ColourModel.
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

    Attributes:
        size: square root of the object's area, in image pixels.
        object_share: `size` over `side` in the first square; the side follows to keep it.
        last_seen: x, y and side where it was seen last.
        texture: of the last frame; None if the object was not seen there.
        missing: frames since it was seen last.

    """

    generation: int
    x: float
    y: float
    side: float
    size: float
    object_share: float
    appearance: ColourModel
    last_seen: tuple[float, float, float]
    texture: TrackedPoints | None = None
    missing: int = 0

    def moved(self, motion: Affine) -> Track:
        """Return the track after a motion of the image."""
        (x, y), scale = motion(self.x, self.y), motion.scale_x
        side = scale * self.side
        return replace(self, x=x, y=y, side=side, size=scale * self.size, last_seen=(x, y, side))


@dataclass(frozen=True)
class Evaluation:
    """Which masks of one frame show their objects.

    Attributes:
        accepted: these show their objects.
        missing: the prompts of those that do not, and why; the track searches for the object.
        lost: the same of those whose tracks ended.

    """

    accepted: tuple[Mask, ...]
    missing: tuple[Unanswered, ...]
    lost: tuple[Unanswered, ...]


class Tracker:
    """Turns the user's prompts into those for the next frame, and learns from its masks.

    The first frame takes the user's prompt as it is. The same for every engine.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._tracks: dict[int, Track] = {}
        self._to_learn: list[Callable[[], None]] = []

    def predict(self, prompt: Prompt) -> Prompt:
        """Return the prompt for the next frame: the same object and generation, where it is now."""
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
        """Separate the masks that show their objects from the others; `learn` follows them."""
        self.learn()
        accepted, missing, lost = [], [], []
        for mask in masks:
            suspect = self._evaluate(frame, Observation.of(frame, mask))
            if suspect is None:
                accepted.append(mask)
            elif mask.prompt.object_id in self._tracks:
                missing.append(suspect)
            else:
                lost.append(suspect)
        return Evaluation(tuple(accepted), tuple(missing), tuple(lost))

    def correct(self, correction: Correction) -> None:
        """Begin a track anew from a better mask of an earlier frame, where that is now.

        It must look like the object, unless it answers the user's own prompt.
        """
        self._to_learn.append(lambda: self._correct(correction))

    def learn(self) -> None:
        """Follow the objects that were evaluated last; other methods do it at the latest."""
        follow, self._to_learn = self._to_learn, []
        for step in follow:
            step()

    def _evaluate(self, frame: Frame, observation: Observation) -> Unanswered | None:
        prompt = observation.mask.prompt
        track = self._tracks.get(prompt.object_id)
        if track is None:
            if observation.depth.any():
                self._to_learn.append(lambda: self._begin(frame, observation))
            return None
        reason = self._suspicion(track, observation)
        if not reason:
            self._to_learn.append(lambda: self._follow(track, frame, observation))
            return None
        track.missing += 1
        track.texture = None
        if track.missing > self.limits.patience:
            del self._tracks[prompt.object_id]
            return Unanswered(prompt, f'not seen for {track.missing} frames: {reason}')
        self._to_learn.append(lambda: self._search(track, frame))
        return Unanswered(prompt, reason)

    def _begin(self, frame: Frame, observation: Observation) -> None:
        track = self._tracks[observation.mask.prompt.object_id] = _new_track(observation)
        likelihood = track.appearance.likelihood(observation.colours)
        track.texture = TrackedPoints.of(frame, observation, likelihood)

    def _correct(self, correction: Correction) -> None:
        mask = correction.mask
        if mask.box is None:
            return
        track = self._tracks.get(mask.prompt.object_id)
        side = max(round(mask.box.long_side / OBJECT_SHARE), MIN_ROI_SIZE)
        roi = Roi.square(*mask.box.centre, side)
        boxed = replace(mask.prompt, points=(), box=mask.box)
        cut = replace(mask.within(roi, 2 * GRID), prompt=boxed)
        observation = Observation.of(correction.frame, cut)
        if not observation.depth.any():
            return
        if correction.by_user or track is None or not self._suspicion(track, observation):
            track = self._tracks[boxed.object_id] = _new_track(observation).moved(correction.since)
            track.side = _bounded(track.side, mask)

    def _suspicion(self, track: Track, observation: Observation) -> str:
        """Return why the mask is suspect; empty if it is accepted."""
        if not observation.depth.any():
            return 'the network sees nothing there'
        if observation.mask.score < self.limits.score:
            return f'the score fell to {observation.mask.score:.2f}'
        likeness = track.appearance.likeness(observation.colours, observation.depth)
        if likeness < self.limits.likeness:
            return f'what is there looks different (likeness {likeness:.2f})'
        return ''

    def _follow(self, track: Track, frame: Frame, observation: Observation) -> None:
        likelihood = track.appearance.likelihood(observation.colours)
        x, y, size = observation.measure(likelihood)
        motion = track.texture.motion(frame) if track.texture else None
        if motion is not None:
            carried_x, carried_y = track.x + motion[0], track.y + motion[1]
            x, y = carried_x + LEAN * (x - carried_x), carried_y + LEAN * (y - carried_y)
        step = self.limits.shift * track.side
        track.x += float(np.clip(x - track.x, -step, step))
        track.y += float(np.clip(y - track.y, -step, step))
        # Half of the way, so that a mask that flickers does not make the ROI pump.
        wanted = math.sqrt(size / track.object_share / track.side)
        growth = float(np.clip(wanted, 1 / self.limits.growth, self.limits.growth))
        track.side = _bounded(track.side * growth, observation.mask)
        track.size = size
        track.last_seen = track.x, track.y, track.side
        track.missing = 0
        track.texture = TrackedPoints.of(frame, observation, likelihood)
        track.appearance.learn(observation.colours, observation.depth * likelihood)

    def _search(self, track: Track, frame: Frame) -> None:
        """Alternate between where it was seen last, wider and wider, and where its colours are.

        The former first: what blinks for one frame is there again in the next.
        """
        x, y, side = track.last_seen
        if not track.missing % 2 and (found := search(frame.pixels, track.appearance, track.size)):
            track.x, track.y = found
            track.side = side
            return
        track.x, track.y = x, y
        widened = side * self.limits.widen**track.missing
        track.side = min(widened, side * self.limits.widest)


def _bounded(side: float, mask: Mask) -> float:
    largest = 2 * max(mask.image_width, mask.image_height)
    return float(np.clip(side, 2 * MIN_ROI_SIZE, largest))


def _new_track(observation: Observation) -> Track:
    appearance = ColourModel(observation.colours, observation.depth)
    x, y, size = observation.measure(appearance.likelihood(observation.colours))
    side = float(observation.mask.roi.width)
    return Track(
        observation.mask.prompt.generation, x, y, side, size, size / side, appearance, (x, y, side)
    )
