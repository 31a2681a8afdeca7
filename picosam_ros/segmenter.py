"""Prompts, a tracker and an engine, without ROS: masks for each frame."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy.typing as npt

from picosam_ros.engines.base import Engine
from picosam_ros.engines.everything import BUDGET_S, Everything, everything
from picosam_ros.engines.frame_budget import WAITS, FrameBudget, RoundRobin, SharedEngine
from picosam_ros.engines.work_limit import WorkLimit
from picosam_ros.errors import PromptError
from picosam_ros.frame import Frame, as_frame
from picosam_ros.mask import Mask
from picosam_ros.prompt import MAX_POINTS, Prompt
from picosam_ros.prompts.store import MAX_PROMPTS, PromptStore
from picosam_ros.results import Answer, PromptState, Result, Segmentation, Unanswered
from picosam_ros.tracking.tracker import Tracker
from picosam_ros.worker import TurnLock


class Segmenter:
    """Answers its prompts on every frame.

    Prompts may come from any thread; `process`, `step` and `segment` wait for each other, since an
    engine serves one thread at a time.

    Args:
        engine: opened by the caller.
        tracker: lets the ROIs follow their objects; without one they stay where the prompts are.
        initial: prompts that are put, and answered, with the first frame, whose size they need.
        max_prompts: further objects are refused.
        max_points: prompts with more points are refused.
        frame_budget: seconds after which further objects wait for the next frame; the frames of a
            film, which wait for their masks, need no limit.

    Attributes:
        prompts: the store; put, refine and remove prompts there.
        frame_budget: as given.

    """

    def __init__(
        self,
        engine: Engine,
        *,
        tracker: Tracker | None = None,
        initial: Sequence[Prompt] = (),
        max_prompts: int = MAX_PROMPTS,
        max_points: int = MAX_POINTS,
        frame_budget: float = math.inf,
    ) -> None:
        self.engine = engine
        self.tracker = tracker
        self.frame_budget = frame_budget
        # Not a method of this object: a circle would keep engine and sensor after their use.
        check = partial(_check_for, engine)
        self.prompts = PromptStore(
            check, max_prompts=max_prompts, max_points=max_points, initial=initial
        )
        self._engine_lock = TurnLock()
        self._round_robin = RoundRobin()
        self._interruptions = 0
        # Of objects that no tracker follows: the last mask, and the size_step that led to it.
        self._masks: dict[int, tuple[Mask, int]] = {}

    def tune(
        self, *, track: bool, lost_after: int, max_prompts: int, max_points: int = MAX_POINTS
    ) -> None:
        """Change how the next frames are answered; to be called between two frames.

        Args:
            track: whether the ROIs follow their objects; switched on again, they start at the
                prompts.
            lost_after: frames without an accepted mask after which a followed object is lost.
            max_prompts: further objects are refused; those that are there stay.
            max_points: prompts with more points are refused; those that are there stay.

        """
        self.prompts.max_prompts, self.prompts.max_points = max_prompts, max_points
        if not track:
            self.tracker = None
            return
        self._masks.clear()
        tracker = self.tracker = self.tracker or Tracker()
        if tracker.limits.patience != lost_after:
            tracker.limits = replace(tracker.limits, patience=lost_after)

    def process(self, image: Frame | npt.ArrayLike) -> Iterator[Result]:
        """Answer all prompts on a frame; publish each result before asking for the next one.

        Yields:
            First what the prompts that were made for earlier frames show there (`late`); the
            tracker goes on from it. Where an engine cannot answer an earlier frame, as a sensor
            cannot, the prompt is answered as if it had been made for this one. Those for which
            `frame_budget` leaves no time wait.
            Then the result of this frame. Prompts that no longer lie on the image, because its
            size changed, are lost; masks of prompts that were replaced or removed meanwhile are
            left out.
            Then better masks of earlier frames, where the engine has some (`late`).
            After the last one the tracker learns; the next frame waits for that otherwise.

        Raises:
            ImageError: an array was given that is no image.

        """
        frame = as_frame(image)
        limit = FrameBudget(self._round_robin, self.prompts.holds, self.frame_budget)
        waiting: list[Unanswered] = []
        for earlier, prompts in self.prompts.made_for_earlier(frame):
            yield from self._answer_earlier(earlier, prompts, limit, waiting)
        made, result = self._answer(frame, limit, waiting)
        corrections = self._corrections(made)
        yield result
        yield from corrections
        if self.tracker is not None:
            self.tracker.learn()

    def step(self, image: Frame | npt.ArrayLike) -> Result:
        """Return the result of this frame alone, once all of `process` is done."""
        [result] = [result for result in self.process(image) if not result.late]
        return result

    def segment(self, image: Frame | npt.ArrayLike, prompts: Sequence[Prompt]) -> Segmentation:
        """Answer these prompts on this image and touch nothing else; see Engine.segment.

        The prompts take turns with the frames of `process`. `interrupt` leaves the rest unanswered.
        """
        # The sensor's turns are those of `process`, and must not be moved by others.
        frame = as_frame(image).without_sensor()
        checked = self.engine.checked(frame, prompts, self.prompts.max_points)
        begun = self._interruptions
        made = self._run(
            frame,
            checked,
            SharedEngine(self._engine_lock, self.engine, lambda: self._interruptions != begun),
        )
        if len(prompts) > 1:
            for mask in made.masks:
                mask.release()
        return made

    def everything(self, image: Frame | npt.ArrayLike, budget_s: float = BUDGET_S) -> Everything:
        """Find all things in this image and touch nothing else; see engines.everything.

        Its runs take turns with the frames of `process`, which use up the budget, too. `interrupt`
        ends it after the present run, with what was found so far.
        """
        frame = as_frame(image)
        begun = self._interruptions
        limit = SharedEngine(self._engine_lock, self.engine, lambda: self._interruptions != begun)
        with self._working(limit):
            return everything(self.engine, frame, budget_s=budget_s)

    def interrupt(self, interrupted: bool = True) -> None:
        """Let calls in other threads end soon, until this gets False; see Engine.interrupt."""
        self._interruptions += interrupted
        self.engine.interrupt(interrupted)

    def _answer(
        self, frame: Frame, limit: FrameBudget, waiting: Sequence[Unanswered]
    ) -> tuple[Segmentation, Result]:
        lost, started = self.prompts.fit(frame.width, frame.height)
        if self.tracker is not None:
            lost += self._end(self.tracker.begin(frame, self.prompts.active))
        prompts = self._without(waiting)
        limit.followed = self._followed(prompts)
        ordered = self._round_robin.ordered(prompts, limit.followed) if limit.limited else prompts
        made = _in_order(prompts, self._run(frame, self._predicted(frame, ordered), limit))
        begun = time.perf_counter()
        masks = self.prompts.current(made.masks)
        unanswered = (*made.unanswered, *waiting)
        unanswered = tuple(one for one in unanswered if self.prompts.holds(one.prompt))
        if self.tracker is None:
            self._remember(masks)
        else:
            evaluation = self.tracker.evaluate(frame, masks)
            masks = evaluation.accepted
            unanswered += evaluation.missing
            lost += self._end(evaluation.lost)
        timing = made.timing
        decode = timing.decode + 1e3 * (time.perf_counter() - begun)
        timing = replace(timing, decode=decode)
        return made, Result(frame, masks, unanswered, lost, timing, started)

    def _answer_earlier(
        self,
        frame: Frame,
        prompts: Sequence[Prompt],
        limit: FrameBudget,
        waiting: list[Unanswered],
    ) -> Iterator[Result]:
        limit.followed = ()
        predicted = self._predicted(frame, prompts)
        # The sensor's turn is over for this frame, and must not be moved by it.
        made = self._run(frame.without_sensor(), predicted, limit)
        late = [one for one in made.unanswered if one.reason == WAITS]
        for one in late:
            self.prompts.postpone(one.prompt, frame)
        waiting += late
        masks = self.prompts.current(made.masks)
        if self.tracker is None:
            self._remember(masks)
        else:
            masks = self.tracker.evaluate(frame, masks).accepted
        corrections = self._corrections(made)
        if masks:
            yield Result(frame, masks, timing=made.timing, late=True)
        yield from corrections

    def _corrections(self, made: Segmentation) -> list[Result]:
        """Let the tracker know of the corrections that are still wanted, and return them."""
        wanted = [one for one in made.corrections if self.prompts.holds(one.mask.prompt)]
        if self.tracker is not None:
            for correction in wanted:
                self.tracker.correct(correction)
        return [Result(one.frame, (one.mask,), late=True) for one in wanted]

    def _without(self, waiting: Sequence[Unanswered]) -> Sequence[Prompt]:
        """Return the prompts that are answered now, but for those that wait."""
        left = {(one.prompt.object_id, one.prompt.generation) for one in waiting}
        active = self.prompts.active
        return [each for each in active if (each.object_id, each.generation) not in left]

    def _followed(self, prompts: Sequence[Prompt]) -> set[int]:
        """Return the ids of the objects that had a mask."""
        if self.tracker is None:
            return {each.object_id for each in prompts if self._known(each) is not None}
        return {each.object_id for each in prompts if self.tracker.follows(each)}

    def _predicted(self, frame: Frame, prompts: Sequence[Prompt]) -> Sequence[Prompt]:
        if self.tracker is None:
            return [self._with_previous(prompt) for prompt in prompts]
        return [self.tracker.predict(prompt, frame) for prompt in prompts]

    def _with_previous(self, prompt: Prompt) -> Prompt:
        """Return the prompt with the object's last mask, which the points may correct."""
        known = self._known(prompt)
        if known is None:
            return prompt
        mask, stepped = known
        step = prompt.size_step - stepped
        return replace(prompt, previous=mask.as_previous(), size_step=step)

    def _known(self, prompt: Prompt) -> tuple[Mask, int] | None:
        known = self._masks.get(prompt.object_id)
        continued = known is not None and prompt.continues(known[0].prompt.generation)
        return known if continued else None

    def _remember(self, masks: Sequence[Mask]) -> None:
        active = {prompt.object_id: prompt for prompt in self.prompts.active}
        self._masks = {key: known for key, known in self._masks.items() if key in active}
        for mask in masks:
            prompt = active.get(mask.prompt.object_id)
            # Else it was replaced or removed just now.
            if prompt and prompt.generation == mask.prompt.generation and not mask.empty:
                self._masks[prompt.object_id] = mask, prompt.size_step

    def _end(self, lost: Sequence[Unanswered]) -> tuple[Answer, ...]:
        ended = (
            self.prompts.end(one.prompt.object_id, one.prompt.generation, one.reason)
            for one in lost
        )
        return tuple(answer for answer in ended if answer is not None)

    def _run(self, frame: Frame, prompts: Sequence[Prompt], limit: WorkLimit) -> Segmentation:
        with self._working(limit):
            return self.engine.segment_frame(frame, prompts)

    @contextmanager
    def _working(self, limit: WorkLimit) -> Iterator[None]:
        """Have the engine to oneself, as far as the limit lets others come first."""
        with self._engine_lock:
            limit.begin()
            self.engine.set_work_limit(limit)
            try:
                yield
            finally:
                self.engine.set_work_limit(WorkLimit())


def _check_for(engine: Engine, prompt: Prompt) -> None:
    engine.capabilities.check(prompt, engine.name)


def _in_order(prompts: Sequence[Prompt], made: Segmentation) -> Segmentation:
    """Return masks, and what was not answered, in the order of the prompts."""
    place = {prompt.object_id: index for index, prompt in enumerate(prompts)}
    return replace(
        made,
        masks=tuple(sorted(made.masks, key=lambda mask: place[mask.prompt.object_id])),
        unanswered=tuple(sorted(made.unanswered, key=lambda one: place[one.prompt.object_id])),
    )


def follow(
    engine: Engine, prompts: Sequence[Prompt], frames: Iterable[Frame | npt.ArrayLike]
) -> Iterator[Result]:
    """Follow objects through the frames of a video or a recording.

    Args:
        engine: opened by the caller.
        prompts: about the first frame.
        frames: in the order of their capture.

    Yields:
        The result of each frame.

    Raises:
        PromptError: a prompt does not fit the first frame, or the engine.

    """
    segmenter = Segmenter(engine, tracker=Tracker(), initial=prompts)
    for frame in frames:
        result = segmenter.step(frame)
        for answer in result.started:
            if answer.state == PromptState.REFUSED:
                raise PromptError(f'object {answer.object_id}: {answer.reason}')
        yield result
