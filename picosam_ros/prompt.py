"""What the user means: points or a box, in pixels of the image.

Pixels have their centres at whole numbers; the origin is the centre of the top-left pixel.
An image of width w therefore covers x from -0.5 to w - 0.5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from picosam_ros.errors import PromptError

if TYPE_CHECKING:
    from picosam_ros.frame import Logits
    from picosam_ros.roi import Affine, Roi

FIRST_ID, LAST_ID = 1, 254
MIN_ROI_SIZE = 16

# Of one prompt. A network without an input for prompts runs at each of them, on every image.
MAX_POINTS = 64

_POINTS_SHOWN = 3


@dataclass(frozen=True)
class Point:
    """A pixel that is on the object (`positive`) or not."""

    x: float
    y: float
    positive: bool = True

    @property
    def shown(self) -> str:
        """As users write it: x, y, and 0 if it is not on the object."""
        return f'({self.x:g}, {self.y:g}{"" if self.positive else ", 0"})'


@dataclass(frozen=True)
class Box:
    """An axis-aligned box: the centres of its top-left and bottom-right pixels, both inside."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def centre(self) -> tuple[float, float]:
        """x, y."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    @property
    def long_side(self) -> float:
        """The larger of width and height, in pixels, both end pixels counted."""
        return max(self.x1 - self.x0, self.y1 - self.y0) + 1


@dataclass(frozen=True, eq=False, repr=False)
class PreviousMask:
    """The mask that a prompt corrects, or that the object had in the frame before.

    Attributes:
        logits: h×w float32 in network pixels of the ROI; above 0 is the object.
        roi: the rectangle of the image that they cover.
        chosen: the user stepped to it: of the next masks the one most like it is taken, though the
            network rates another one higher.

    """

    logits: Logits
    roi: Roi
    chosen: bool = False

    def __repr__(self) -> str:
        rows, columns = self.logits.shape
        return f'PreviousMask({columns}×{rows}, {self.roi})'

    @cached_property
    def box(self) -> Box | None:
        """The smallest box around it, to the width of its pixels; None if it is empty."""
        inside = self.logits > 0
        (down,), (across,) = inside.any(axis=1).nonzero(), inside.any(axis=0).nonzero()
        if not len(down):
            return None
        rows, columns = self.logits.shape
        to_image = self.roi.affine_to(columns, rows).inverse()
        x0, y0 = to_image(float(across[0]) - 0.5, float(down[0]) - 0.5)
        x1, y1 = to_image(float(across[-1]) + 0.5, float(down[-1]) + 0.5)
        return Box(x0 + 0.5, y0 + 0.5, x1 - 0.5, y1 - 0.5)

    def agrees_with(self, point: Point) -> bool:
        """Whether a point is in the mask, if it is positive; whether it is not, if negative."""
        rows, columns = self.logits.shape
        column, row = map(round, self.roi.affine_to(columns, rows)(point.x, point.y))
        known = 0 <= column < columns and 0 <= row < rows
        return (known and bool(self.logits[row, column] > 0)) == point.positive

    def moved(self, motion: Affine) -> PreviousMask:
        """Return it after a motion of the image's pixels."""
        return replace(self, roi=self.roi.through(motion))


@dataclass(frozen=True, repr=False)
class Prompt:
    """One object to segment.

    Attributes:
        points: positive and negative pixels.
        box: the object's box, or None.
        object_id: 1 to 254, its value in label masks.
        roi_size: side of the square that the network looks at, in image pixels; 0 lets the
            engine choose.
        size_step: 1 asks for the next larger object at this place than the one that is meant most
            likely, -1 for the next smaller one, and so on; with `previous`, than that one. Of a
            prompt that was refined, the sum.
        previous: the mask that the points correct, or that the object had in the frame before;
            an empty one is none.
        square: where the object is expected: the ROI of networks that take nothing else. From the
            tracker; None leaves it to the engine.
        generation: grows with every change of the object's prompt; given by the Segmenter.
        refines: the generation from which on prompts only added to this object's first one; 0 if
            this is the first.

    Raises:
        PromptError: nothing to point at, a coordinate that is not finite, an id or size out of
            range.

    """

    points: tuple[Point, ...] = ()
    box: Box | None = None
    object_id: int = 1
    roi_size: int = 0
    size_step: int = 0
    previous: PreviousMask | None = None
    square: Roi | None = None
    generation: int = 0
    refines: int = 0

    def __post_init__(self) -> None:
        if not FIRST_ID <= self.object_id <= LAST_ID:
            raise PromptError(
                f'object id {self.object_id} was given; ids run from {FIRST_ID} to {LAST_ID} '
                '(0 is "nothing" in a label mask, 255 "unlabelled")'
            )
        if self.roi_size and self.roi_size < MIN_ROI_SIZE:
            raise PromptError(
                f'an ROI of {self.roi_size} pixels was given; allowed are {MIN_ROI_SIZE} and '
                'more, or 0 to let the engine choose'
            )
        for point in self.points:
            if not isinstance(point, Point):
                raise PromptError(f'point {point!r} was given; give Point(x, y)')
        if self.previous is not None and self.previous.box is None:
            object.__setattr__(self, 'previous', None)
        known = self.box is not None or self.previous is not None
        if not known and not any(point.positive for point in self.points):
            raise PromptError('the prompt has no positive point and no box; give one of them')
        for point in self.points:
            _refuse_unless_finite('point', point.x, point.y)
        if self.box is not None:
            _check_box(self.box)

    def __repr__(self) -> str:
        parts = [f'object_id={self.object_id}']
        if self.points:
            points = [point.shown for point in self.points[:_POINTS_SHOWN]]
            more = len(self.points) - len(points)
            parts.append(f'points=[{", ".join(points)}{f", {more} more" if more else ""}]')
        if self.box is not None:
            parts.append(f'{self.box}')
        parts += [f'roi_size={self.roi_size}'] * bool(self.roi_size)
        parts += [f'size_step={self.size_step}'] * bool(self.size_step)
        parts += [f'previous={self.previous}'] * (self.previous is not None)
        parts += [f'generation={self.generation}'] * bool(self.generation)
        return f'Prompt({", ".join(parts)})'

    @classmethod
    def from_point(cls, x: float, y: float, *, object_id: int = 1, roi_size: int = 0) -> Prompt:
        """One click."""
        return cls((Point(x, y),), object_id=object_id, roi_size=roi_size)

    @classmethod
    def from_box(cls, box: Box, *, object_id: int = 1) -> Prompt:
        """One box."""
        return cls(box=box, object_id=object_id)

    def continues(self, generation: int) -> bool:
        """Whether it is the object of this generation: the same prompt, or one that adds to it."""
        return self.generation == generation or 0 < self.refines <= generation < self.generation

    @property
    def positives(self) -> tuple[Point, ...]:
        """The points that are on the object."""
        return tuple(point for point in self.points if point.positive)

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the square, the box, the positive points or the previous mask: x, y."""
        if self.square is not None:
            return self.square.centre
        if self.box is not None:
            return self.box.centre
        known = self.previous.box if self.previous is not None else None
        if known is not None and not self.positives:
            return known.centre
        positives = self.positives
        xs, ys = [point.x for point in positives], [point.y for point in positives]
        return (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2

    def refined(
        self, points: tuple[Point, ...] = (), previous: PreviousMask | None = None
    ) -> Prompt:
        """The same prompt with more points, which correct a mask."""
        return replace(self, points=self.points + points, previous=previous)

    def check_points(self, most: int = MAX_POINTS) -> None:
        """Raise PromptError if there are more points than that."""
        if len(self.points) > most:
            raise PromptError(
                f'{len(self.points)} points were given for object {self.object_id}; allowed are '
                f'up to {most} (parameter max_points): give a box with a few points, or start '
                'the object anew'
            )

    def fitted(self, width: int, height: int) -> tuple[Prompt, str]:
        """Return the prompt as it holds for an image of this size, and what had to be changed.

        Points must lie on the image. A box is cut at the border, an ROI that exceeds twice the
        image's long side is shrunk to that; the sentence says so, and is empty without a change.

        Raises:
            PromptError: a point, or the whole box, is outside.

        """
        for point in self.points:
            if not (-0.5 <= point.x < width - 0.5 and -0.5 <= point.y < height - 0.5):
                raise PromptError(
                    f'point ({point.x:g}, {point.y:g}) is outside of the image; allowed are '
                    f'x from 0 to {width - 1} and y from 0 to {height - 1}'
                )
        changes = []
        prompt = self
        if self.box is not None:
            box = _clipped(self.box, width, height)
            if box != self.box:
                prompt = replace(prompt, box=box)
                changes.append(f'the box was cut at the border of the {width}×{height} image')
        largest = max(2 * max(width, height), MIN_ROI_SIZE)
        if self.roi_size > largest:
            prompt = replace(prompt, roi_size=largest)
            changes.append(f'the ROI of {self.roi_size} pixels was shrunk to {largest}')
        return prompt, '; '.join(changes)


def _refuse_unless_finite(what: str, *values: float) -> None:
    if not all(math.isfinite(value) for value in values):
        given = ', '.join(f'{value:g}' for value in values)
        raise PromptError(f'{what} ({given}) was given; coordinates must be finite numbers')


def _check_box(box: Box) -> None:
    if not isinstance(box, Box):
        raise PromptError(f'box {box!r} was given; give Box(x0, y0, x1, y1)')
    _refuse_unless_finite('box', box.x0, box.y0, box.x1, box.y1)
    if box.x1 < box.x0 or box.y1 < box.y0:
        raise PromptError(
            f'box ({box.x0:g}, {box.y0:g}, {box.x1:g}, {box.y1:g}) is empty; '
            'x1 must be at least x0, and y1 at least y0'
        )


def _clipped(box: Box, width: int, height: int) -> Box:
    clipped = Box(
        max(box.x0, 0.0), max(box.y0, 0.0), min(box.x1, width - 1.0), min(box.y1, height - 1.0)
    )
    if clipped.x1 < clipped.x0 or clipped.y1 < clipped.y0:
        raise PromptError(
            f'box ({box.x0:g}, {box.y0:g}, {box.x1:g}, {box.y1:g}) is outside of the '
            f'{width}×{height} image'
        )
    return clipped
