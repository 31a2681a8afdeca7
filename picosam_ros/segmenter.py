"""Prompts, an engine, and nothing of ROS: `step(frame)` gives the masks of that frame."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from picosam_ros.engines.base import Engine, Segmentation, Unanswered
from picosam_ros.errors import PromptError
from picosam_ros.frame import Frame
from picosam_ros.mask import Mask
from picosam_ros.prompt import Point, Prompt
from picosam_ros.result import Answer, Result, State
from picosam_ros.tracking import Doubt, Tracker

MAX_PROMPTS = 32


class Segmenter:
    """Keeps the prompts and answers them on every frame.

    Prompts may come from any thread; `step` and `segment` wait for each other, since an engine
    serves one thread at a time.

    Args:
        engine: opened by the caller.
        max_prompts: further objects are refused.
        tracker: lets the ROIs follow their objects; without one they stay where the prompts are.
        waiting: prompts that are put, and answered, once the first frame tells its size.

    """

    def __init__(
        self,
        engine: Engine,
        *,
        max_prompts: int = MAX_PROMPTS,
        tracker: Tracker | None = None,
        waiting: Sequence[Prompt] = (),
    ) -> None:
        self.engine = engine
        self.tracker = tracker
        self.max_prompts = max_prompts
        self.answers: Counter[State] = Counter()
        self._prompts: dict[int, Prompt] = {}
        self._bound: dict[int, Frame] = {}
        self._waiting = tuple(waiting)
        self._size: tuple[int, int] | None = None
        self._generation = 0
        self._lock = threading.Lock()
        self._engine_lock = threading.Lock()

    def tune(self, *, track: bool, lost_after: int, max_prompts: int, auto_share: float) -> None:
        """Change how the next frames are answered; to be called between two steps.

        Args:
            track: whether the ROIs follow their objects; begun anew, they start at the prompts.
            lost_after: frames without a believed mask after which a followed object is lost.
            max_prompts: further objects are refused; those that are there stay.
            auto_share: see Engine.

        """
        self.max_prompts = max_prompts
        self.engine.auto_share = auto_share
        if not track:
            self.tracker = None
            return
        tracker = self.tracker = self.tracker or Tracker()
        if tracker.limits.patience != lost_after:
            tracker.limits = replace(tracker.limits, patience=lost_after)

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """The prompts that are answered now, in the order in which they came."""
        with self._lock:
            return tuple(self._prompts.values())

    def put(
        self,
        make: Callable[[], Prompt],
        *,
        object_id: int = 0,
        bind: Callable[[], Frame | None] = lambda: None,
    ) -> Answer:
        """Start an object, or replace it.

        Args:
            make: builds the prompt; a PromptError that it raises is the refusal's reason.
            object_id: for the refusal, where no prompt could be built.
            bind: finds the earlier frame that the prompt was made for, see `catch_up`; None takes
                the next one. It may raise PromptError, too.

        """
        try:
            prompt, frame = make(), bind()
        except PromptError as error:
            return self.refuse(object_id, str(error))
        return self._answer(prompt.object_id, lambda: self._set(prompt, frame))

    def refine(
        self,
        object_id: int,
        points: Callable[[], Sequence[Point]],
        *,
        bind: Callable[[], Frame | None] = lambda: None,
    ) -> Answer:
        """Add points to an object; the arguments are those of `put`."""

        def refine() -> Answer:
            if object_id not in self._prompts:
                raise PromptError(self._unknown(object_id))
            return self._set(self._prompts[object_id].refined(tuple(points())), bind())

        return self._answer(object_id, refine)

    def remove(self, object_id: int) -> Answer:
        """Stop segmenting an object."""

        def remove() -> Answer:
            if object_id not in self._prompts:
                raise PromptError(self._unknown(object_id))
            removed = self._prompts.pop(object_id)
            return Answer(object_id, State.ACCEPTED, 'removed', removed.generation)

        return self._answer(object_id, remove)

    def end(self, object_id: int, generation: int, reason: str) -> Answer | None:
        """Lose an object, unless its prompt was replaced or removed since that generation."""
        with self._lock:
            prompt = self._prompts.get(object_id)
            if prompt is None or prompt.generation != generation:
                return None
            del self._prompts[object_id]
            self.answers[State.LOST] += 1
        return Answer(object_id, State.LOST, reason, generation)

    def clear(self) -> int:
        """Stop segmenting everything; return how many objects there were."""
        with self._lock:
            count = len(self._prompts) + len(self._waiting)
            self._prompts.clear()
            self._waiting = ()
            return count

    def refuse(self, object_id: int, reason: str) -> Answer:
        """Answer a prompt that never became one."""

        def refuse() -> Answer:
            raise PromptError(reason)

        return self._answer(object_id, refuse)

    def catch_up(self, newest: Frame) -> tuple[Result, ...]:
        """Answer the prompts that were made for earlier frames, on those frames.

        From there the tracker follows. Where the engine cannot answer an earlier frame, as a
        sensor cannot, the next step answers as if the prompt had been made for that.

        Args:
            newest: the frame of the next step, which answers the prompts that were made for it.

        Returns:
            One result for each earlier frame that has masks; they hold those prompts only.

        """
        with self._lock:
            bound, self._bound = self._bound, {}
            made_for: dict[int, tuple[Frame, list[Prompt]]] = {}
            for object_id, frame in bound.items():
                if object_id in self._prompts and frame is not newest:
                    _, prompts = made_for.setdefault(id(frame), (frame, []))
                    prompts.append(self._prompts[object_id])
        results = (self._look_back(frame, prompts) for frame, prompts in made_for.values())
        return tuple(result for result in results if result.masks)

    def step(self, frame: Frame) -> Result:
        """Answer all prompts on a frame.

        Prompts that no longer lie on the image, because its size changed, are lost; the mask of
        a prompt that was replaced or removed meanwhile is left out.
        """
        with self._lock:
            lost = self._resize(frame.width, frame.height)
            started = self._begin()
            prompts = tuple(self._prompts.values())
        made = self._run(frame, self._aimed(prompts))
        begun = time.perf_counter()
        masks = self.current(made.masks)
        unanswered = tuple(it for it in made.unanswered if self._wants(it.prompt))
        corrections = tuple(it for it in made.corrections if self._wants(it.mask.prompt))
        if self.tracker is not None:
            verdict = self.tracker.judge(frame, masks)
            masks = verdict.believed
            unanswered += tuple(Unanswered(doubt.prompt, doubt.reason) for doubt in verdict.held)
            lost += tuple(self._lose(doubt) for doubt in verdict.lost)
            for correction in corrections:
                self.tracker.correct(correction)
        decode = made.timing.decode + 1e3 * (time.perf_counter() - begun)
        timing = replace(made.timing, decode=decode)
        return Result(frame, masks, unanswered, lost, timing, started, corrections)

    def learn(self) -> None:
        """Let the tracker learn from the last step, once its masks are on their way.

        The next step does it otherwise; to be called from the thread of `step`.
        """
        if self.tracker is not None:
            self.tracker.learn()

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

    def _look_back(self, frame: Frame, prompts: Sequence[Prompt]) -> Result:
        if self.tracker is not None:
            prompts = [self.tracker.aim(prompt) for prompt in prompts]
        # The sensor's turn is over for this frame, and must not be moved by it.
        made = self._run(replace(frame, inference=None, no_inference=''), prompts)
        masks = self.current(made.masks)
        if self.tracker is not None:
            masks = self.tracker.judge(frame, masks).believed
        return Result(frame, masks, (), (), made.timing)

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

    def _begin(self) -> tuple[Answer, ...]:
        """Put the prompts that waited for a frame; the lock is held."""
        answers = []
        for prompt in self._waiting:
            try:
                answers.append(self._set(prompt))
            except PromptError as error:
                answers.append(Answer(prompt.object_id, State.REFUSED, str(error)))
        self._waiting = ()
        self.answers.update(answer.state for answer in answers)
        return tuple(answers)

    def _set(self, prompt: Prompt, frame: Frame | None = None) -> Answer:
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
        self._bound.pop(prompt.object_id, None)
        if frame is not None and (frame.width, frame.height) == self._size:
            self._bound[prompt.object_id] = frame
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
