"""The prompts that are answered now, and an answer for every prompt that arrives."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from picosam_ros.errors import PromptError
from picosam_ros.frame import Frame
from picosam_ros.mask import Mask
from picosam_ros.prompt import MAX_POINTS, Point, Prompt
from picosam_ros.results import Answer, PromptState

MAX_PROMPTS = 32
# Reason of the answer to a removal.
REMOVED = 'removed'


class PromptStore:
    """One prompt for each object. Thread-safe.

    Args:
        check: raises PromptError for a prompt that nobody here can answer.
        max_prompts: further objects are refused.
        max_points: prompts with more points are refused, those of all refinements counted.
        initial: prompts that are put, and answered, with the first frame, whose size they need.

    Attributes:
        answers: how many there were of each state.

    """

    def __init__(
        self,
        check: Callable[[Prompt], None],
        *,
        max_prompts: int = MAX_PROMPTS,
        max_points: int = MAX_POINTS,
        initial: Sequence[Prompt] = (),
    ) -> None:
        self.max_prompts = max_prompts
        self.max_points = max_points
        self.answers: Counter[PromptState] = Counter()
        self._check = check
        self._prompts: dict[int, Prompt] = {}
        self._made_for: dict[int, Frame] = {}
        self._initial = tuple(initial)
        self._size: tuple[int, int] | None = None
        self._generation = 0
        self._lock = threading.Lock()

    @property
    def active(self) -> tuple[Prompt, ...]:
        """The prompts that are answered now, in the order in which they came."""
        with self._lock:
            return tuple(self._prompts.values())

    def put(self, prompt: Prompt, made_for: Frame | None = None) -> Answer:
        """Start an object, or replace it.

        Args:
            prompt: in pixels of the image.
            made_for: the earlier frame that the prompt was made for; None for the next one. The
                Segmenter answers it on that frame first.

        """
        return self._answer(prompt.object_id, lambda: self._set(prompt, made_for))

    def refine(
        self,
        object_id: int,
        points: Sequence[Point],
        made_for: Frame | None = None,
        *,
        size_step: int = 0,
    ) -> Answer:
        """Add points to an object, or step from its mask to a larger or a smaller one.

        Both add up: several may come before the next frame. Who answers the prompt subtracts what
        has been answered.
        """

        def refine() -> Answer:
            if object_id not in self._prompts:
                raise PromptError(self._unknown(object_id))
            known = self._prompts[object_id]
            refined = replace(
                known.refined(tuple(points)),
                size_step=known.size_step + size_step,
                refines=known.refines or known.generation,
            )
            return self._set(refined, made_for)

        return self._answer(object_id, refine)

    def remove(self, object_id: int) -> Answer:
        """Stop segmenting an object."""

        def remove() -> Answer:
            if object_id not in self._prompts:
                raise PromptError(self._unknown(object_id))
            removed = self._prompts.pop(object_id)
            return Answer(object_id, PromptState.ACCEPTED, REMOVED, removed.generation)

        return self._answer(object_id, remove)

    def end(self, object_id: int, generation: int, reason: str) -> Answer | None:
        """Lose an object, unless its prompt was replaced or removed since that generation."""
        with self._lock:
            prompt = self._prompts.get(object_id)
            if prompt is None or prompt.generation != generation:
                return None
            del self._prompts[object_id]
            self.answers[PromptState.LOST] += 1
        return Answer(object_id, PromptState.LOST, reason, generation)

    def clear(self) -> int:
        """Stop segmenting everything; return how many objects there were."""
        with self._lock:
            count = len(self._prompts) + len(self._initial)
            self._prompts.clear()
            self._initial = ()
            return count

    def refuse(self, object_id: int, reason: str) -> Answer:
        """Answer a prompt that never became one."""

        def refuse() -> Answer:
            raise PromptError(reason)

        return self._answer(object_id, refuse)

    def fit(self, width: int, height: int) -> tuple[tuple[Answer, ...], tuple[Answer, ...]]:
        """Fit the prompts to the size of the next frame, in pixels.

        Returns:
            The answers to prompts that do not lie on it any more, and to those that waited for it.

        """
        with self._lock:
            return self._resize(width, height), self._begin()

    def made_for_earlier(self, newest: Frame) -> list[tuple[Frame, list[Prompt]]]:
        """Return the prompts that were made for earlier frames than this one, once, by frame.

        The oldest comes first; one that is not answered can be put back by `postpone`.
        """
        made_for: dict[int, tuple[Frame, list[Prompt]]] = {}
        with self._lock:
            bound, self._made_for = self._made_for, {}
            known = [self._prompts[key] for key in bound if key in self._prompts]
        for prompt in sorted(known, key=lambda prompt: prompt.generation):
            frame = bound[prompt.object_id]
            if frame is not newest:
                made_for.setdefault(id(frame), (frame, []))[1].append(prompt)
        return list(made_for.values())

    def postpone(self, prompt: Prompt, made_for: Frame) -> None:
        """Keep a prompt for its earlier frame, unless it was replaced or removed meanwhile."""
        with self._lock:
            if self._holds(prompt):
                self._made_for[prompt.object_id] = made_for

    def holds(self, prompt: Prompt) -> bool:
        """Whether it was neither replaced nor removed meanwhile."""
        with self._lock:
            return self._holds(prompt)

    def current(self, masks: Sequence[Mask]) -> tuple[Mask, ...]:
        """Leave out the masks whose prompt was replaced or removed meanwhile."""
        with self._lock:
            return tuple(mask for mask in masks if self._holds(mask.prompt))

    def _holds(self, prompt: Prompt) -> bool:
        current = self._prompts.get(prompt.object_id)
        return current is not None and current.generation == prompt.generation

    def _answer(self, object_id: int, act: Callable[[], Answer]) -> Answer:
        with self._lock:
            try:
                answer = act()
            except PromptError as error:
                answer = Answer(object_id, PromptState.REFUSED, str(error))
            self.answers[answer.state] += 1
            return answer

    def _begin(self) -> tuple[Answer, ...]:
        """Put the prompts that waited for a frame; the lock is held."""
        answers = []
        for prompt in self._initial:
            try:
                answers.append(self._set(prompt))
            except PromptError as error:
                answers.append(Answer(prompt.object_id, PromptState.REFUSED, str(error)))
        self._initial = ()
        self.answers.update(answer.state for answer in answers)
        return tuple(answers)

    def _set(self, prompt: Prompt, frame: Frame | None = None) -> Answer:
        if self._size is None:
            raise PromptError(
                'no image has arrived yet, so a pixel means nothing; '
                'send the prompt again once the first image is there'
            )
        prompt.check_points(self.max_points)
        self._check(prompt)
        if prompt.object_id not in self._prompts and len(self._prompts) >= self.max_prompts:
            raise PromptError(
                f'{len(self._prompts)} objects are segmented already, which is the limit '
                '(parameter max_prompts); remove one, or replace it by its id'
            )
        prompt, change = prompt.fitted(*self._size)
        self._generation += 1
        self._prompts[prompt.object_id] = replace(prompt, generation=self._generation)
        self._made_for.pop(prompt.object_id, None)
        if frame is not None and (frame.width, frame.height) == self._size:
            self._made_for[prompt.object_id] = frame
        state = PromptState.CLAMPED if change else PromptState.ACCEPTED
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
                lost.append(Answer(object_id, PromptState.LOST, reason, prompt.generation))
                self.answers[PromptState.LOST] += 1
        return tuple(lost)

    def _unknown(self, object_id: int) -> str:
        known = ', '.join(map(str, self._prompts)) or 'none'
        return f'object {object_id} is not segmented; objects that are segmented now: {known}'
