"""Where one object is, and how that changes from frame to frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from picosam_ros.frame import Frame
from picosam_ros.mask import Mask
from picosam_ros.prompt import MIN_ROI_SIZE, Point, PreviousMask, Prompt
from picosam_ros.roi import Affine, Roi
from picosam_ros.tracking.observation import ColourModel, Observation
from picosam_ros.tracking.optical_flow import TrackedPoints

# The square follows the motion of the texture, and leans to the middle of the mask, which includes
# a neighbour at times, by this share of the way.
LEAN = 0.3


@dataclass(frozen=True)
class Limits:
    """How a track moves, and when it ends.

    Attributes:
        shift: how far the square moves in one frame, as a share of its side.
        growth: by which factor it grows or shrinks in one frame, at most.
        score: a mask with a lower one is suspect.
        likeness: so is one whose colours are less like the object's, see ColourModel.
        widen: by which factor the square grows in each frame without an accepted mask.
        widest: how far that goes, as a multiple of the square's last side.
        patience: frames without an accepted mask after which the object is lost.

    """

    shift: float = 0.35
    growth: float = 1.04
    score: float = 0.1
    likeness: float = 0.8
    widen: float = 1.04
    widest: float = 2.5
    patience: int = 90


@dataclass(frozen=True)
class Track:
    """Where one object was in the frame in which it was seen last, or is looked for since.

    Attributes:
        generation: of the prompt.
        x, y, side: centre and side of a square of the image, for networks that take nothing else.
        size: square root of the object's area, in image pixels.
        object_share: `size` over `side` in the first square; the side follows to keep it.
        points: those of the user that the masks agree with.
        given: how many points the prompt has; not all of them need be left.
        stepped: the prompt's size_step, which has been taken.
        mask: the last that was accepted.
        appearance: the object's colours.
        last_seen: x, y and side where it was seen last.
        texture: of that frame; None if the object was not seen in the last one.
        flowed: whether it was carried along with its texture to where it is.
        missing: frames since it was seen last.

    """

    generation: int
    x: float
    y: float
    side: float
    size: float
    object_share: float
    points: tuple[Point, ...]
    given: int
    stepped: int
    mask: PreviousMask
    appearance: ColourModel
    last_seen: tuple[float, float, float]
    texture: TrackedPoints | None = None
    flowed: bool = False
    missing: int = 0

    @classmethod
    def begin(cls, observation: Observation) -> Track:
        """Begin with the first mask of an object; its texture is still to be sampled."""
        mask = observation.mask
        appearance = ColourModel(observation.colours, observation.depth)
        x, y, size = observation.measure(appearance.likelihood(observation.colours))
        side = float(mask.roi.width)
        return cls(
            generation=mask.prompt.generation,
            x=x,
            y=y,
            side=side,
            size=size,
            object_share=size / side,
            points=mask.prompt.points,
            given=len(mask.prompt.points),
            stepped=mask.prompt.size_step,
            mask=mask.as_previous(),
            appearance=appearance,
            last_seen=(x, y, side),
        )

    def prompt(self, prompt: Prompt) -> Prompt:
        """Return the user's prompt as it holds for the frame in which the track is now."""
        side = max(round(self.side), MIN_ROI_SIZE)
        return replace(
            prompt,
            points=self.points,
            box=None,
            roi_size=side if self.missing else 0,
            previous=self.mask,
            square=Roi.square(self.x, self.y, side),
        )

    def moved(self, motion: Affine) -> Track:
        """Return the track after a motion of the image."""
        (x, y), scale = motion(self.x, self.y), motion.scale_x
        return replace(
            self,
            x=x,
            y=y,
            side=scale * self.side,
            size=scale * self.size,
            points=tuple(_moved(point, motion) for point in self.points),
            mask=self.mask.moved(motion),
        )

    def carried_to(self, frame: Frame) -> Track:
        """Return the track after the motion of its texture, where that can be followed."""
        motion = self.texture.motion(frame) if self.texture is not None else None
        if motion is None:
            return replace(self, flowed=False)
        # Points away from the middle, as corrections are, also go along with its turns.
        points = tuple(
            replace(point, x=x, y=y)
            for point in self.points
            for x, y in [motion.of(point.x, point.y)]
        )
        return replace(self.moved(Affine(1, 1, *motion.shift)), points=points, flowed=True)

    def placed(self, x: float, y: float, side: float) -> Track:
        """Return the track at another place of the image, with all that it has."""
        return replace(self.moved(Affine(1, 1, x - self.x, y - self.y)), side=side)

    def refined(self, points: Sequence[Point], prompt: Prompt) -> Track:
        """Return the track of a prompt that got further points, or another size_step."""
        track = self._found_at([point for point in points if point.positive])
        return replace(
            track,
            generation=prompt.generation,
            points=(*track.points, *points),
        ).answering(prompt)

    def answering(self, prompt: Prompt) -> Track:
        """Return the track with all that the user's prompt asks for, as it is now."""
        return replace(self, given=len(prompt.points), stepped=prompt.size_step)

    def _found_at(self, positives: Sequence[Point]) -> Track:
        """Return the track of an object that was searched for, where the user sees it."""
        if not (self.missing and positives):
            return self
        x, y = np.mean([(point.x, point.y) for point in positives], axis=0).tolist()
        side = self.last_seen[2]
        return replace(self.placed(x, y, side), last_seen=(x, y, side), missing=0)

    def followed(self, observation: Observation, frame: Frame, limits: Limits) -> Track:
        """Return the track after a mask that was accepted; its appearance learns."""
        mask = observation.mask
        likelihood = self.appearance.likelihood(observation.colours)
        x, y, size = observation.measure(likelihood)
        # Without texture, what is seen of the object's way are its masks.
        shift = (0.0, 0.0) if self.flowed else (x - self.x, y - self.y)
        points = [_moved(point, Affine(1, 1, *shift)) for point in self.points]
        if self.flowed:
            x, y = self.x + LEAN * (x - self.x), self.y + LEAN * (y - self.y)
        step = limits.shift * self.side
        x = self.x + float(np.clip(x - self.x, -step, step))
        y = self.y + float(np.clip(y - self.y, -step, step))
        # Half of the way, so that a mask that flickers does not make the square pump.
        wanted = math.sqrt(size / self.object_share / self.side)
        growth = float(np.clip(wanted, 1 / limits.growth, limits.growth))
        side = bounded(self.side * growth, mask)
        self.appearance.learn(observation.colours, observation.depth * likelihood)
        return replace(
            self,
            x=x,
            y=y,
            side=side,
            size=size,
            points=tuple(point for point in points if _holds(point, mask)),
            mask=mask.as_previous(),
            last_seen=(x, y, side),
            texture=TrackedPoints.of(frame, observation, likelihood),
            missing=0,
        )

    def with_texture(self, observation: Observation, frame: Frame) -> Track:
        """Return the track with its texture in the frame of an observation."""
        likelihood = self.appearance.likelihood(observation.colours)
        return replace(self, texture=TrackedPoints.of(frame, observation, likelihood))


def _holds(point: Point, mask: Mask) -> bool:
    """Whether a point still says what the mask shows, and is no further away than its size."""
    box = mask.box
    if box is None or not mask.agrees_with(point):
        return False
    away = max(box.x0 - point.x, point.x - box.x1, box.y0 - point.y, point.y - box.y1)
    return away <= box.long_side


def bounded(side: float, mask: Mask) -> float:
    """Return the side of a square within what networks and images allow."""
    largest = 2 * max(mask.image_width, mask.image_height)
    return float(np.clip(side, 2 * MIN_ROI_SIZE, largest))


def _moved(point: Point, motion: Affine) -> Point:
    x, y = motion(point.x, point.y)
    return replace(point, x=x, y=y)
