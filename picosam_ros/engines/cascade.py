"""A fast engine for every frame, and a slow one that corrects it from behind."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from picosam_ros.engines.base import Capabilities, Engine, EngineContext
from picosam_ros.engines.object_motion import STILL, ObjectMotion
from picosam_ros.errors import PicosamError
from picosam_ros.frame import Frame
from picosam_ros.mask import Mask
from picosam_ros.prompt import Prompt
from picosam_ros.results import Correction, Segmentation
from picosam_ros.roi import Affine
from picosam_ros.worker import Worker

_LOGGER = logging.getLogger(__name__)

# Of the slow engine's thread: about a tenth of a core that both want.
NICENESS = 10


@dataclass(frozen=True)
class Question:
    """For the slow engine: a prompt on a frame, and how far its object had travelled there."""

    prompt: Prompt
    travelled: Affine
    by_user: bool


@dataclass(frozen=True)
class Job:
    """All questions on one frame."""

    frame: Frame
    questions: tuple[Question, ...]


class CascadeEngine(EngineContext):
    """The fast engine answers at once; the slow one's masks follow as corrections of their frames.

    The slow engine works in a thread of its own, on one frame at a time. What users prompted comes
    first, on the frame that it was answered on; else the newest frame, with the boxes of the fast
    masks as prompts. Prompts may be all that the slow engine takes: the fast one gets of them what
    it can.

    Args:
        fast: answers every frame.
        slow: corrects; whatever happens to it, the fast one goes on.

    """

    name = 'cascade'

    def __init__(self, *, fast: Engine, slow: Engine) -> None:
        self._fast = fast
        self._slow = slow
        self._worker: Worker[Job] = Worker(self._work, self._failed)
        # By object id, as what follows: what users prompted and the slow engine was not asked yet.
        self._paths: dict[int, ObjectMotion] = {}
        self._unasked: dict[int, tuple[Frame, Question]] = {}
        self._busy = False
        self._made: tuple[Job, Segmentation] | None = None
        self._lock = threading.Lock()
        self._came = self._outdated = 0
        self._fault = ''

    @property
    def capabilities(self) -> Capabilities:
        """The slow engine's."""
        return self._slow.capabilities

    @property
    def description(self) -> dict[str, str]:
        """Both engines' own, and how many corrections came, and how many for nothing."""
        slow = {f'{self._slow.name} {key}': text for key, text in self._slow.description.items()}
        counts = {'corrections': self._came, 'corrections outdated': self._outdated}
        return {**self._fast.description, **slow, **{key: str(n) for key, n in counts.items()}}

    @property
    def warning(self) -> str:
        """Why there are no corrections now, or what the fast engine warns of."""
        return self._fault or self._fast.warning or self._slow.warning

    def open(self) -> None:
        """Open both, and start the thread."""
        self._fast.open()
        self._slow.open()
        self._worker.start()

    def close(self) -> None:
        """End the thread, once it has done what it is at, and close both."""
        self._worker.stop()
        self._paths.clear()
        self._unasked.clear()
        self._busy, self._made = False, None
        self._fast.close()
        self._slow.close()

    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> Segmentation:
        """Answer by the fast engine, and bring the corrections that are ready.

        A prompt without a generation is nobody's to follow, and is not corrected.
        """
        made = self._answer(frame, prompts)
        if not all(prompt.generation for prompt in prompts):
            return made
        self._follow(frame, prompts, made.masks)
        corrections = self._corrections(frame)
        self._ask(frame, made.masks)
        return replace(made, corrections=corrections)

    def _answer(self, frame: Frame, prompts: Sequence[Prompt]) -> Segmentation:
        simple = [_simplified(prompt, self._fast.capabilities) for prompt in prompts]
        given = {id(asked): prompt for asked, prompt in zip(simple, prompts, strict=True)}
        made = self._fast.segment(frame, simple)
        return replace(
            made,
            masks=tuple(replace(one, prompt=given[id(one.prompt)]) for one in made.masks),
            unanswered=tuple(replace(one, prompt=given[id(one.prompt)]) for one in made.unanswered),
        )

    def _follow(self, frame: Frame, prompts: Sequence[Prompt], masks: Sequence[Mask]) -> None:
        for prompt in prompts:
            path = self._paths.get(prompt.object_id)
            if path is None or path.generation != prompt.generation:
                self._paths[prompt.object_id] = ObjectMotion(prompt.generation)
                question = Question(prompt, STILL, by_user=True)
                self._unasked[prompt.object_id] = frame, question
        for mask in masks:
            self._paths[mask.prompt.object_id].go_on(mask)

    def _ask(self, frame: Frame, masks: Sequence[Mask]) -> None:
        """Offer what users prompted, oldest first; else the newest frame."""
        if self._busy:
            return
        questions: Sequence[Question]
        if self._unasked:
            frame, _ = next(iter(self._unasked.values()))
            questions = [one for of, one in self._unasked.values() if of is frame]
            for question in questions:
                del self._unasked[question.prompt.object_id]
        else:
            questions = [self._derived(mask) for mask in masks if not mask.empty]
        if questions:
            self._busy = True
            self._worker.offer(Job(frame, tuple(questions)))

    def _derived(self, mask: Mask) -> Question:
        """The box of what the fast engine found; its own prompt for who takes no boxes."""
        prompt = mask.prompt
        if self._slow.capabilities.boxes and mask.box is not None:
            prompt = replace(
                Prompt.from_box(mask.box, object_id=prompt.object_id), generation=prompt.generation
            )
        return Question(prompt, self._paths[prompt.object_id].travelled, by_user=False)

    def _work(self, job: Job, waited_ms: float) -> None:
        del waited_ms
        # Linux counts niceness by thread: where cores are short, the fast engine has them.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        made = Segmentation(())
        try:
            made = self._slow.segment(job.frame, [one.prompt for one in job.questions])
            self._fault = ''
        finally:
            with self._lock:
                self._made = job, made

    def _failed(self, error: Exception) -> None:
        expected = isinstance(error, PicosamError)
        reason = str(error) if expected else f'{type(error).__name__}: {error}'
        told, self._fault = self._fault, f'no corrections by {self._slow.name}: {reason}'
        if self._fault != told:
            _LOGGER.error(self._fault, exc_info=None if expected else error)

    def _corrections(self, present: Frame) -> tuple[Correction, ...]:
        with self._lock:
            done, self._made = self._made, None
        if done is None:
            return ()
        self._busy = False
        job, made = done
        questions = {one.prompt.object_id: one for one in job.questions}
        fits = job.frame.pixels.shape == present.pixels.shape
        wanted = [mask for mask in made.masks if fits and self._holds(mask.prompt)]
        self._came += len(wanted)
        self._outdated += len(made.masks) - len(wanted)
        return tuple(
            self._correction(job.frame, mask, questions[mask.prompt.object_id]) for mask in wanted
        )

    def _holds(self, prompt: Prompt) -> bool:
        return self._paths[prompt.object_id].generation == prompt.generation

    def _correction(self, frame: Frame, mask: Mask, question: Question) -> Correction:
        path = self._paths[mask.prompt.object_id]
        path.jumps = True
        since = question.travelled.inverse().then(path.travelled)
        return Correction(frame, mask, since, question.by_user)


def _simplified(prompt: Prompt, capabilities: Capabilities) -> Prompt:
    """What an engine with these capabilities can make of it."""
    if prompt.box is not None and not capabilities.boxes_with_points:
        return replace(prompt, points=())
    if not capabilities.negative_points:
        return replace(prompt, points=prompt.positives)
    return prompt
