"""All things in a picture: a grid of clicks, doubles removed, within a time.

The network joins image and prompt in its first layers, so each click costs a run of it. Three
things make the most of the time: the runs that look for things are quick ones, of a small input;
where there is little contrast, fewer are made; and what was found is not asked for again. Each
thing is then looked at once more, at the network's full size.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from picosam_ros.engines.base import Engine
from picosam_ros.engines.click_grid import Click, plan
from picosam_ros.engines.distinct import GOOD_QUALITY, Candidate, candidate_of, distinct, grid_scale
from picosam_ros.engines.work_limit import GivenUp, NotFinite
from picosam_ros.errors import PromptError
from picosam_ros.frame import Frame, as_frame
from picosam_ros.mask import Mask
from picosam_ros.prompt import LAST_ID, MIN_ROI_SIZE, Prompt

BUDGET_S = 5.0

# Share of the budget after which nothing new is looked for.
LOOKING = 0.8

# A click is not made where a mask is known that has this part of the square.
KNOWN = (0.15, 0.8)

# Side of the square of the second look, relative to the mask's long side.
AROUND = 1.4

Clock = Callable[[], float]


@dataclass(frozen=True, repr=False)
class Everything:
    """All things that were found in one image.

    Attributes:
        masks: the largest first, with the object ids 1, 2, … in this order: drawn one after
            another, a part lies on top of what it is a part of. At most 254.
        asked: clicks of the grid that were answered, or that lay on a mask that was known.
        planned: clicks of the whole grid; more than `asked` if the time was over before.
        width, height: of the image, in pixels.

    """

    masks: tuple[Mask, ...]
    asked: int
    planned: int
    width: int
    height: int

    def __repr__(self) -> str:
        return f'Everything({len(self.masks)} masks, {self.asked} of {self.planned} clicks)'

    def labels(self) -> npt.NDArray[np.uint16]:
        """Return a new H×W uint16 label image: the object id, of the smallest mask; 0 is none."""
        labels = np.zeros((self.height, self.width), np.uint16)
        for mask in self.masks:
            labels[mask.region.slices][mask.region.inside] = mask.prompt.object_id
        return labels


def everything(
    engine: Engine,
    image: Frame | npt.ArrayLike,
    *,
    budget_s: float = BUDGET_S,
    clock: Clock = time.perf_counter,
) -> Everything:
    """Find all things in an image.

    Args:
        engine: opened by the caller. `engine.interrupt` in another thread ends it after the
            present run, with what was found so far.
        image: a Frame, or what `Frame.from_array` takes: uint8 RGB, RGBA or grey.
        budget_s: seconds that it may take; a run of the network that was begun is finished.
        clock: monotonic, in seconds.

    Raises:
        ImageError: the image has another shape or type.
        PromptError: the budget is not above 0.
        EngineError: the engine is closed.

    """
    check_budget(budget_s)
    # Of the picture alone: the tensor that came with it is of one square.
    frame = replace(as_frame(image), sensor_output=None, no_output='')
    begun = clock()
    search = _Search(engine, frame, clock)
    clicks = plan(frame)
    asked = search.look_for(clicks, begun + LOOKING * budget_s)
    search.look_again(begun + budget_s)
    masks = tuple(search.numbered())
    return Everything(masks, asked, len(clicks), frame.width, frame.height)


def check_budget(budget_s: float) -> None:
    """Raise PromptError unless it is a time above 0."""
    if not 0 < budget_s < math.inf:
        raise PromptError(f'a budget of {budget_s:g} s was given; allowed are seconds above 0')


class _Search:
    """The masks of one image, found so far."""

    def __init__(self, engine: Engine, frame: Frame, clock: Clock) -> None:
        self._engine = engine
        self._frame = frame
        self._clock = clock
        self._scale = grid_scale(frame.width, frame.height)
        self._found: list[Candidate] = []
        self._ended = False

    def look_for(self, clicks: Sequence[Click], end: float) -> int:
        """Make clicks until a time; return how many of them."""
        for index, click in enumerate(clicks):
            if self._over(end):
                return index
            if not self._known(click):
                prompt = Prompt.from_point(click.x, click.y, roi_size=click.side)
                self._found += self._proposed(prompt)
                if self._ended:
                    return index
        return len(clicks)

    def look_again(self, end: float) -> None:
        """Remove doubles, and look at each thing once more until a time, the best first."""
        kept = distinct(self._found, LAST_ID)
        again = [one if self._over(end) else self._closer(one) for one in kept]
        self._found = distinct(again, LAST_ID)

    def numbered(self) -> list[Mask]:
        """Return the masks, the largest first."""
        ordered = sorted(self._found, key=lambda candidate: -candidate.area)
        return [_numbered(one.mask, number) for number, one in enumerate(ordered, start=1)]

    def _over(self, end: float) -> bool:
        return self._ended or self._clock() >= end

    def _known(self, click: Click) -> bool:
        """Whether a mask is there of the size that the square is made for."""
        x, y = ((value + 0.5) * self._scale - 0.5 for value in (click.x, click.y))
        least, most = (share * click.side * self._scale for share in KNOWN)
        return any(
            one.quality >= GOOD_QUALITY and least < one.long_side < most and one.covers(x, y)
            for one in self._found
        )

    def _closer(self, one: Candidate) -> Candidate:
        """Return what a second look shows, if that is the same thing."""
        previous = one.mask.as_previous()
        if previous.box is None:
            return one
        side = max(MIN_ROI_SIZE, math.ceil(AROUND * previous.box.long_side))
        prompt = replace(one.mask.prompt, roi_size=side, previous=previous)
        least = min(one.quality, GOOD_QUALITY)
        again = [each for each in self._proposed(prompt) if each.quality >= least]
        closer = [each for each in again if each.same_thing(one)]
        return max(closer, key=lambda candidate: candidate.quality, default=one)

    def _proposed(self, prompt: Prompt) -> list[Candidate]:
        try:
            self._engine.check(prompt)
            masks = self._engine.propose(self._frame, prompt)
        except NotFinite:
            return []
        except GivenUp:
            self._ended = True
            return []
        # The logits of all that a run returned lie in one array: keep those of these masks alone.
        candidates = filter(None, map(candidate_of, masks))
        return [replace(one, mask=_alone(one.mask)) for one in candidates]


def _alone(mask: Mask) -> Mask:
    return mask if mask.logits.base is None else replace(mask, logits=mask.logits.copy())


def _numbered(mask: Mask, object_id: int) -> Mask:
    """Return a mask as the answer to its click, without what only the search needed."""
    prompt = Prompt(mask.prompt.points, object_id=object_id)
    return replace(mask, prompt=prompt)
