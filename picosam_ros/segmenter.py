"""Prompts, an engine and a tracker, free of ROS: `step(image)` returns the masks of that image."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy.typing as npt

from picosam_ros.engines.base import Engine
from picosam_ros.errors import PromptError
from picosam_ros.frame import Frame, as_frame
from picosam_ros.prompt import Prompt
from picosam_ros.prompts.store import MAX_PROMPTS, PromptStore
from picosam_ros.results import Correction, PromptState, Result, Segmentation
from picosam_ros.tracking.tracker import Tracker


class Segmenter(PromptStore):
    """A prompt store whose prompts are answered on every frame.

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
        super().__init__(self._check_for_engine, max_prompts=max_prompts, waiting=waiting)
        self.engine = engine
        self.tracker = tracker
        self._engine_lock = threading.Lock()

    def tune(self, *, track: bool, lost_after: int, max_prompts: int) -> None:
        """Change how the next frames are answered; to be called between two steps.

        Args:
            track: whether the ROIs follow their objects; begun anew, they start at the prompts.
            lost_after: frames without an accepted mask after which a followed object is lost.
            max_prompts: further objects are refused; those that are there stay.

        """
        self.max_prompts = max_prompts
        if not track:
            self.tracker = None
            return
        tracker = self.tracker = self.tracker or Tracker()
        if tracker.limits.patience != lost_after:
            tracker.limits = replace(tracker.limits, patience=lost_after)

    def step(self, image: Frame | npt.ArrayLike) -> Result:
        """Answer all prompts on an image; the order of its parts is kept here and nowhere else.

        First the prompts that were made for earlier frames are answered on those frames, from where
        the tracker follows them (`Result.earlier`). Then all prompts are answered on this one. The
        tracker learns from it afterwards: in `learn`, or else in the next step.

        Prompts that no longer lie on the image, because its size changed, are lost; the mask of
        a prompt that was replaced or removed meanwhile is left out. Where the engine cannot answer
        an earlier frame, as a sensor cannot, the prompt counts as made for this one.

        Args:
            image: a Frame, or H×W×3 uint8 RGB (H×W grey and H×W×4 RGBA, too).

        """
        frame = as_frame(image)
        earlier = self._answer_earlier(frame)
        lost, started = self.fit(frame.width, frame.height)
        made = self._run(frame, self._predicted(self.prompts))
        begun = time.perf_counter()
        masks = self.current(made.masks)
        unanswered = tuple(it for it in made.unanswered if self.holds(it.prompt))
        if self.tracker is not None:
            evaluation = self.tracker.evaluate(frame, masks)
            masks = evaluation.accepted
            unanswered += evaluation.missing
            for it in evaluation.lost:
                ended = self.end(it.prompt.object_id, it.prompt.generation, it.reason)
                lost += () if ended is None else (ended,)
        corrections = self._corrected(made)
        decode = made.timing.decode + 1e3 * (time.perf_counter() - begun)
        timing = replace(made.timing, decode=decode)
        return Result(frame, masks, unanswered, lost, timing, started, corrections, earlier)

    def learn(self) -> None:
        """Let the tracker learn from the last step, once its masks are published.

        Otherwise the next step begins with it. To be called from the thread of `step`.
        """
        if self.tracker is not None:
            self.tracker.learn()

    def segment(self, image: Frame | npt.ArrayLike, prompts: Sequence[Prompt]) -> Segmentation:
        """Answer these prompts on this image and touch nothing else; see Engine.segment."""
        with self._engine_lock:
            return self.engine.segment(image, prompts)

    def _run(self, frame: Frame, prompts: Sequence[Prompt]) -> Segmentation:
        with self._engine_lock:
            return self.engine.segment_frame(frame, prompts)

    def _answer_earlier(self, newest: Frame) -> tuple[Result, ...]:
        results = (
            self._look_back(frame, prompts) for frame, prompts in self.made_for_earlier(newest)
        )
        return tuple(result for result in results if result.masks)

    def _look_back(self, frame: Frame, prompts: Sequence[Prompt]) -> Result:
        if self.tracker is not None:
            prompts = [self.tracker.predict(prompt) for prompt in prompts]
        # The sensor's turn is over for this frame, and must not be moved by it.
        made = self._run(replace(frame, sensor_output=None, no_output=''), prompts)
        masks = self.current(made.masks)
        if self.tracker is not None:
            masks = self.tracker.evaluate(frame, masks).accepted
        return Result(frame, masks, (), (), made.timing, corrections=self._corrected(made))

    def _corrected(self, made: Segmentation) -> tuple[Correction, ...]:
        """Pass the corrections of current prompts to the tracker, and return them."""
        wanted = tuple(it for it in made.corrections if self.holds(it.mask.prompt))
        if self.tracker is not None:
            for correction in wanted:
                self.tracker.correct(correction)
        return wanted

    def _predicted(self, prompts: Sequence[Prompt]) -> Sequence[Prompt]:
        if self.tracker is None:
            return prompts
        self.tracker.keep([prompt.object_id for prompt in prompts])
        return [self.tracker.predict(prompt) for prompt in prompts]

    def _check_for_engine(self, prompt: Prompt) -> None:
        self.engine.capabilities.check(prompt, self.engine.name)


def follow(
    engine: Engine, prompts: Sequence[Prompt], images: Iterable[Frame | npt.ArrayLike]
) -> Iterator[Result]:
    """Track objects through the images of a video or a recording; yield a result for each.

    Args:
        engine: opened by the caller.
        prompts: for the first image.
        images: see Segmenter.step.

    Raises:
        PromptError: a prompt does not fit the first image, or the engine.

    """
    segmenter = Segmenter(engine, tracker=Tracker(), waiting=prompts)
    for image in images:
        result = segmenter.step(image)
        for answer in result.started:
            if answer.state == PromptState.REFUSED:
                raise PromptError(f'object {answer.object_id}: {answer.reason}')
        yield result
