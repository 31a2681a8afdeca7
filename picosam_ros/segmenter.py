"""Prompts, an engine, and nothing of ROS: `step(frame)` gives the masks of that frame."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from picosam_ros.engines.base import Engine, Segmentation, Unanswered
from picosam_ros.errors import PromptError
from picosam_ros.frame import Frame
from picosam_ros.latency import Timing
from picosam_ros.mask import Mask
from picosam_ros.prompt import Point, Prompt
from picosam_ros.tracking import Doubt, Tracker

MAX_PROMPTS = 32


class State(IntEnum):
    """What became of a prompt; the values of PromptStatus.msg."""

    ACCEPTED = 0
    CLAMPED = 1
    REFUSED = 2
    LOST = 3


@dataclass(frozen=True)
class Answer:
    """Every prompt gets one. `generation` is 0 if it was refused."""

    object_id: int
    state: State
    reason: str = ''
    generation: int = 0


@dataclass(frozen=True)
class Result:
    """The masks of one frame.

    Attributes:
        frame: the frame that they were computed from; its header is theirs.
        masks: one for each prompt that was answered.
        unanswered: prompts that the engine could not answer for this frame, or whose mask does
            not show the object any more.
        lost: prompts that ended with this frame.
        timing: the engine's stages.

    """

    frame: Frame
    masks: tuple[Mask, ...]
    unanswered: tuple[Unanswered, ...]
    lost: tuple[Answer, ...]
    timing: Timing


class Segmenter:
    """Keeps the prompts and answers them on every frame.

    Prompts may come from any thread; `step` and `segment` wait for each other, since an engine
    serves one thread at a time.

    Args:
        engine: opened by the caller.
        max_prompts: further objects are refused.
        tracker: lets the ROIs follow their objects; without one they stay where the prompts are.

    """

    def __init__(
        self, engine: Engine, *, max_prompts: int = MAX_PROMPTS, tracker: Tracker | None = None
    ) -> None:
        self.engine = engine
        self.tracker = tracker
        self.max_prompts = max_prompts
        self.answers: Counter[State] = Counter()
        self._prompts: dict[int, Prompt] = {}
        self._size: tuple[int, int] | None = None
        self._generation = 0
        self._lock = threading.Lock()
        self._engine_lock = threading.Lock()

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """The prompts that are answered now, in the order in which they came."""
        with self._lock:
            return tuple(self._prompts.values())

    def put(self, make: Callable[[], Prompt], *, object_id: int = 0) -> Answer:
        """Start an object, or replace it.

        Args:
            make: builds the prompt; a PromptError that it raises is the refusal's reason.
            object_id: for the refusal, where no prompt could be built.

        """
        try:
            prompt = make()
        except PromptError as error:
            return self.refuse(object_id, str(error))
        return self._answer(prompt.object_id, lambda: self._set(prompt))

    def refine(self, object_id: int, points: Callable[[], Sequence[Point]]) -> Answer:
        """Add points to an object."""

        def refine() -> Answer:
            if object_id not in self._prompts:
                raise PromptError(self._unknown(object_id))
            return self._set(self._prompts[object_id].refined(tuple(points())))

        return self._answer(object_id, refine)

    def remove(self, object_id: int) -> Answer:
        """Stop segmenting an object."""

        def remove() -> Answer:
            if object_id not in self._prompts:
                raise PromptError(self._unknown(object_id))
            removed = self._prompts.pop(object_id)
            return Answer(object_id, State.ACCEPTED, 'removed', removed.generation)

        return self._answer(object_id, remove)

    def clear(self) -> int:
        """Stop segmenting everything; return how many objects there were."""
        with self._lock:
            count = len(self._prompts)
            self._prompts.clear()
            return count

    def refuse(self, object_id: int, reason: str) -> Answer:
        """Answer a prompt that never became one."""

        def refuse() -> Answer:
            raise PromptError(reason)

        return self._answer(object_id, refuse)

    def step(self, frame: Frame) -> Result:
        """Answer all prompts on a frame.

        Prompts that no longer lie on the image, because its size changed, are lost; the mask of
        a prompt that was replaced or removed meanwhile is left out.
        """
        with self._lock:
            lost = self._resize(frame.width, frame.height)
            prompts = tuple(self._prompts.values())
        made = self._run(frame, self._aimed(prompts))
        begun = time.perf_counter()
        masks = self.current(made.masks)
        unanswered = tuple(it for it in made.unanswered if self._wants(it.prompt))
        if self.tracker is not None:
            verdict = self.tracker.learn(frame, masks)
            masks = verdict.believed
            unanswered += tuple(Unanswered(doubt.prompt, doubt.reason) for doubt in verdict.held)
            lost += tuple(self._lose(doubt) for doubt in verdict.lost)
        decode = made.timing.decode + 1e3 * (time.perf_counter() - begun)
        return Result(frame, masks, unanswered, lost, replace(made.timing, decode=decode))

    def current(self, masks: Sequence[Mask]) -> tuple[Mask, ...]:
        """Leave out the masks whose prompt was replaced or removed meanwhile."""
        with self._lock:
            return tuple(mask for mask in masks if self._holds(mask.prompt))

    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> Segmentation:
        """Answer these prompts on this frame and touch nothing else.

        Raises:
            PromptError: one of them is outside of the frame, or beyond the engine.

        """
        fitted = []
        for prompt in prompts:
            self.engine.capabilities.check(prompt, self.engine.name)
            fitted.append(prompt.fitted(frame.width, frame.height)[0])
        return self._run(frame, fitted)

    def _run(self, frame: Frame, prompts: Sequence[Prompt]) -> Segmentation:
        with self._engine_lock:
            return self.engine.segment(frame, prompts)

    def _aimed(self, prompts: Sequence[Prompt]) -> Sequence[Prompt]:
        if self.tracker is None:
            return prompts
        self.tracker.keep([prompt.object_id for prompt in prompts])
        return [self.tracker.aim(prompt) for prompt in prompts]

    def _lose(self, doubt: Doubt) -> Answer:
        prompt = doubt.prompt
        with self._lock:
            if self._holds(prompt):
                del self._prompts[prompt.object_id]
            self.answers[State.LOST] += 1
        return Answer(prompt.object_id, State.LOST, doubt.reason, prompt.generation)

    def _wants(self, prompt: Prompt) -> bool:
        with self._lock:
            return self._holds(prompt)

    def _holds(self, prompt: Prompt) -> bool:
        current = self._prompts.get(prompt.object_id)
        return current is not None and current.generation == prompt.generation

    def _answer(self, object_id: int, act: Callable[[], Answer]) -> Answer:
        with self._lock:
            try:
                answer = act()
            except PromptError as error:
                answer = Answer(object_id, State.REFUSED, str(error))
            self.answers[answer.state] += 1
            return answer

    def _set(self, prompt: Prompt) -> Answer:
        if self._size is None:
            raise PromptError(
                'no image has arrived yet, so a pixel means nothing; '
                'send the prompt again once the first image is there'
            )
        self.engine.capabilities.check(prompt, self.engine.name)
        if prompt.object_id not in self._prompts and len(self._prompts) >= self.max_prompts:
            raise PromptError(
                f'{len(self._prompts)} objects are segmented already, which is the limit '
                '(parameter max_prompts); remove one, or replace it by its id'
            )
        prompt, change = prompt.fitted(*self._size)
        self._generation += 1
        self._prompts[prompt.object_id] = replace(prompt, generation=self._generation)
        state = State.CLAMPED if change else State.ACCEPTED
        return Answer(prompt.object_id, state, change, self._generation)

    def _resize(self, width: int, height: int) -> tuple[Answer, ...]:
        if self._size == (width, height):
            return ()
        before = '×'.join(map(str, self._size or ()))
        self._size = (width, height)
        lost = []
        for object_id, prompt in list(self._prompts.items()):
            try:
                self._prompts[object_id] = prompt.fitted(width, height)[0]
            except PromptError as error:
                del self._prompts[object_id]
                reason = f'the image changed from {before} to {width}×{height}: {error}'
                lost.append(Answer(object_id, State.LOST, reason, prompt.generation))
                self.answers[State.LOST] += 1
        return tuple(lost)

    def _unknown(self, object_id: int) -> str:
        known = ', '.join(map(str, self._prompts)) or 'none'
        return f'object {object_id} was given; objects that are segmented now: {known}'
