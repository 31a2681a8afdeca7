"""A fast engine for every frame, and a slow one that corrects its masks some frames later."""

from __future__ import annotations

import logging
import math
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from picosam_ros.engines import ENGINES, make_engine
from picosam_ros.engines.base import Capabilities, Engine
from picosam_ros.engines.work_limit import REPLACED, WorkLimit
from picosam_ros.errors import PicosamError
from picosam_ros.frame import Frame
from picosam_ros.mask import Mask
from picosam_ros.prompt import Prompt
from picosam_ros.results import Correction, Segmentation
from picosam_ros.roi import Affine
from picosam_ros.worker import Worker

_LOGGER = logging.getLogger(__name__)

# Of the slow engine's thread: it gets about a tenth of a core that both want.
NICENESS = 10

STILL = Affine(1, 1, 0, 0)


@dataclass(frozen=True)
class SlowPrompt:
    """A prompt for the slow engine.

    Attributes:
        prompt: on the frame of its batch.
        motion: of its object from its first frame to that one.
        by_user: the user's own prompt, and not one that was derived from a mask.

    """

    prompt: Prompt
    motion: Affine
    by_user: bool


@dataclass(frozen=True)
class SlowBatch:
    """All prompts for the slow engine on one frame."""

    frame: Frame
    prompts: tuple[SlowPrompt, ...]


class CascadeEngine(Engine):
    """The fast engine answers at once; the slow one's masks follow as corrections of their frames.

    The slow engine runs in a thread of its own, on one frame at a time. New prompts of users come
    first, on their first frame; else the newest frame, with the boxes of the fast masks as prompts.
    Prompts may be all that the slow engine takes: the fast one gets the part that it takes.

    Args:
        fast: answers every frame.
        slow: corrects; the fast one continues whatever happens to it.

    """

    name = 'cascade'

    def __init__(self, *, fast: Engine, slow: Engine) -> None:
        self._fast = fast
        self._slow = slow
        self._worker: Worker[SlowBatch] = Worker(self._work, self._failed)
        # Both by object id. Pending are the users' prompts that the slow engine did not get yet.
        self._motions: dict[int, ObjectMotion] = {}
        self._pending: dict[int, tuple[Frame, SlowPrompt]] = {}
        self._busy = False
        self._finished: tuple[SlowBatch, Segmentation] | None = None
        self._lock = threading.Lock()
        self._corrected = self._outdated = 0
        self._error = ''

    @property
    def capabilities(self) -> Capabilities:
        """The slow engine's."""
        return self._slow.capabilities

    @property
    def description(self) -> dict[str, str]:
        """Both engines' own, and how many corrections came, and how many came too late."""
        slow = {f'{self._slow.name} {key}': text for key, text in self._slow.description.items()}
        counts = {'corrections': self._corrected, 'corrections outdated': self._outdated}
        return {**self._fast.description, **slow, **{key: str(n) for key, n in counts.items()}}

    @property
    def warning(self) -> str:
        """Why there are no corrections now, or what the fast engine warns of."""
        return self._error or self._fast.warning or self._slow.warning

    def open(self) -> None:
        """Open both, and start the thread."""
        self._fast.open()
        self._slow.open()
        self._slow.set_work_limit(_WhileWanted(self._is_current))
        self._worker.start()

    def begin(self) -> None:
        """Let the fast engine forget earlier prompts, and let corrections of them not count."""
        self._motions.clear()
        self._fast.begin()

    def close(self) -> None:
        """Wait for the slow engine's current run, end its thread, and close both."""
        self._slow.interrupt()
        self._worker.stop()
        self._slow.interrupt(False)
        self._motions.clear()
        self._pending.clear()
        self._busy, self._finished = False, None
        self._fast.close()
        self._slow.close()

    def interrupt(self, interrupted: bool = True) -> None:
        """Interrupt both."""
        self._fast.interrupt(interrupted)
        self._slow.interrupt(interrupted)

    def set_work_limit(self, limit: WorkLimit) -> None:
        """Set that of the fast engine; the slow one delays no frame."""
        self._fast.set_work_limit(limit)

    def segment_frame(self, frame: Frame, prompts: Sequence[Prompt]) -> Segmentation:
        """Answer by the fast engine, and add the corrections that are ready.

        A prompt without a generation belongs to no stream of frames, and is not corrected.
        """
        fast = self._segment_fast(frame, prompts)
        if not all(prompt.generation for prompt in prompts):
            return fast
        self._follow(frame, prompts, fast.masks)
        corrections = self._corrections(frame)
        self._offer(frame, fast.masks)
        return replace(fast, corrections=corrections)

    def _segment_fast(self, frame: Frame, prompts: Sequence[Prompt]) -> Segmentation:
        simple = [_simplified(prompt, self._fast.capabilities) for prompt in prompts]
        given = {id(simplified): prompt for simplified, prompt in zip(simple, prompts, strict=True)}
        fast = self._fast.segment_frame(frame, simple)
        return replace(
            fast,
            masks=tuple(replace(it, prompt=given[id(it.prompt)]) for it in fast.masks),
            unanswered=tuple(replace(it, prompt=given[id(it.prompt)]) for it in fast.unanswered),
        )

    def _follow(self, frame: Frame, prompts: Sequence[Prompt], masks: Sequence[Mask]) -> None:
        for prompt in prompts:
            motion = self._motions.get(prompt.object_id)
            if motion is None or motion.generation != prompt.generation:
                self._motions[prompt.object_id] = ObjectMotion(prompt.generation)
                self._pending[prompt.object_id] = frame, SlowPrompt(prompt, STILL, by_user=True)
        for mask in masks:
            self._motions[mask.prompt.object_id].update(mask)

    def _offer(self, frame: Frame, masks: Sequence[Mask]) -> None:
        """Offer the users' prompts to the slow engine, oldest first; else the newest frame."""
        if self._busy:
            return
        if self._pending:
            frame, _ = next(iter(self._pending.values()))
            prompts = [prompt for of, prompt in self._pending.values() if of is frame]
            for slow in prompts:
                del self._pending[slow.prompt.object_id]
        else:
            prompts = [self._derived(mask) for mask in masks if not mask.empty]
        if prompts:
            self._busy = True
            self._worker.offer(SlowBatch(frame, tuple(prompts)))

    def _derived(self, mask: Mask) -> SlowPrompt:
        """Return the box of a fast mask as a prompt; its own prompt if the slow takes no boxes."""
        prompt = mask.prompt
        if self._slow.capabilities.boxes and mask.box is not None:
            prompt = replace(
                Prompt.from_box(mask.box, object_id=prompt.object_id), generation=prompt.generation
            )
        return SlowPrompt(prompt, self._motions[prompt.object_id].motion, by_user=False)

    def _work(self, batch: SlowBatch, waited_ms: float) -> None:
        del waited_ms
        answer = Segmentation(())
        try:
            # Linux counts niceness by thread: where cores are scarce, the fast engine gets them.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
            answer = self._slow.segment_frame(batch.frame, [it.prompt for it in batch.prompts])
            self._error = ''
        finally:
            with self._lock:
                self._finished = batch, answer

    def _failed(self, error: Exception) -> None:
        expected = isinstance(error, PicosamError)
        reason = str(error) if expected else f'{type(error).__name__}: {error}'
        previous, self._error = self._error, f'no corrections by {self._slow.name}: {reason}'
        if self._error != previous:
            _LOGGER.error(self._error, exc_info=None if expected else error)

    def _corrections(self, present: Frame) -> tuple[Correction, ...]:
        with self._lock:
            finished, self._finished = self._finished, None
        if finished is None:
            return ()
        self._busy = False
        batch, answer = finished
        prompts = {it.prompt.object_id: it for it in batch.prompts}
        same_size = batch.frame.pixels.shape == present.pixels.shape
        current = [mask for mask in answer.masks if same_size and self._is_current(mask.prompt)]
        self._corrected += len(current)
        self._outdated += len(answer.masks) - len(current)
        return tuple(
            self._correction(batch.frame, mask, prompts[mask.prompt.object_id]) for mask in current
        )

    def _is_current(self, prompt: Prompt) -> bool:
        motion = self._motions.get(prompt.object_id)
        return motion is not None and motion.generation == prompt.generation

    def _correction(self, frame: Frame, mask: Mask, slow: SlowPrompt) -> Correction:
        motion = self._motions[mask.prompt.object_id]
        motion.corrected = True
        since = slow.motion.inverse().then(motion.motion)
        return Correction(frame, mask, since, slow.by_user)


class _WhileWanted(WorkLimit):
    """Ends the work on prompts that were replaced meanwhile.

    Args:
        wanted: whether a prompt is still asked for.

    """

    def __init__(self, wanted: Callable[[Prompt], bool]) -> None:
        self._wanted = wanted

    def reason_to_wait(self, prompt: Prompt) -> str:
        """Return why it is not begun."""
        return self.reason_to_stop(prompt)

    def reason_to_stop(self, prompt: Prompt) -> str:
        """Return why it is given up."""
        return '' if self._wanted(prompt) else REPLACED


def _simplified(prompt: Prompt, capabilities: Capabilities) -> Prompt:
    """Return the part of a prompt that an engine with these capabilities takes."""
    if not capabilities.size_steps:
        prompt = replace(prompt, size_step=0)
    if prompt.box is not None and not capabilities.boxes_with_points:
        return replace(prompt, points=())
    if not capabilities.negative_points:
        return replace(prompt, points=prompt.positives)
    return prompt


@dataclass
class ObjectMotion:
    """How an object moved since its prompt came, updated with the mask of every frame.

    Attributes:
        generation: of the prompt.
        motion: pixels of its first image to those of the newest.
        mask: the newest that is not empty.
        corrected: the next mask follows a correction: its difference to this one is no motion.

    """

    generation: int
    motion: Affine = STILL
    mask: Mask | None = None
    corrected: bool = False

    def update(self, mask: Mask) -> None:
        """Take the mask of the next frame."""
        if mask.empty:
            return
        if self.mask is not None and not self.corrected:
            self.motion = self.motion.then(_motion_between(self.mask, mask))
        self.mask, self.corrected = mask, False


def _motion_between(before: Mask, after: Mask) -> Affine:
    """Map image pixels: centroid to centroid, scaled as the area."""
    (x0, y0), (x1, y1) = before.centroid or (0.0, 0.0), after.centroid or (0.0, 0.0)
    scale = math.sqrt(after.area / before.area)
    return Affine(scale, scale, x1 - scale * x0, y1 - scale * y0)


def cascade(**options: Any) -> Engine:
    """Return `auto`, corrected by `edgesam`; each gets the options that it has."""

    def engine(name: str) -> Engine:
        own = ENGINES.options_of(name)
        return make_engine(name, **{key: options[key] for key in own if key in options})

    return CascadeEngine(fast=engine('auto'), slow=engine('edgesam'))
