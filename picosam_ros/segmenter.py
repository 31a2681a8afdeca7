"""Prompts, an engine, and nothing of ROS: `step(frame)` gives the masks of that frame."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace

from picosam_ros.engines.base import Engine
from picosam_ros.frame import Frame
from picosam_ros.prompt import Prompt
from picosam_ros.prompts.store import MAX_PROMPTS, PromptStore
from picosam_ros.results import Correction, Result, Segmentation, Unanswered
from picosam_ros.tracking.tracker import Tracker


class Segmenter(PromptStore):
    """Answers the prompts of its book on every frame.

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
            lost_after: frames without a believed mask after which a followed object is lost.
            max_prompts: further objects are refused; those that are there stay.

        """
        self.max_prompts = max_prompts
        if not track:
            self.tracker = None
            return
        tracker = self.tracker = self.tracker or Tracker()
        if tracker.limits.patience != lost_after:
            tracker.limits = replace(tracker.limits, patience=lost_after)

    def catch_up(self, newest: Frame) -> tuple[Result, ...]:
        """Answer the prompts that were made for earlier frames, on those frames.

        From there the tracker follows. Where the engine cannot answer an earlier frame, as a
        sensor cannot, the next step answers as if the prompt had been made for that.

        Args:
            newest: the frame of the next step, which answers the prompts that were made for it.

        Returns:
            One result for each earlier frame that has masks; they hold those prompts only.

        """
        results = (
            self._look_back(frame, prompts) for frame, prompts in self.made_for_earlier(newest)
        )
        return tuple(result for result in results if result.masks)

    def step(self, frame: Frame) -> Result:
        """Answer all prompts on a frame.

        Prompts that no longer lie on the image, because its size changed, are lost; the mask of
        a prompt that was replaced or removed meanwhile is left out.
        """
        lost, started = self.fit(frame.width, frame.height)
        made = self._run(frame, self._aimed(self.prompts))
        begun = time.perf_counter()
        masks = self.current(made.masks)
        unanswered = tuple(it for it in made.unanswered if self.holds(it.prompt))
        if self.tracker is not None:
            verdict = self.tracker.judge(frame, masks)
            masks = verdict.believed
            unanswered += tuple(Unanswered(doubt.prompt, doubt.reason) for doubt in verdict.held)
            for doubt in verdict.lost:
                ended = self.end(doubt.prompt.object_id, doubt.prompt.generation, doubt.reason)
                lost += () if ended is None else (ended,)
        corrections = self._corrected(made)
        decode = made.timing.decode + 1e3 * (time.perf_counter() - begun)
        timing = replace(made.timing, decode=decode)
        return Result(frame, masks, unanswered, lost, timing, started, corrections)

    def learn(self) -> None:
        """Let the tracker learn from the last step, once its masks are on their way.

        The next step does it otherwise; to be called from the thread of `step`.
        """
        if self.tracker is not None:
            self.tracker.learn()

    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> Segmentation:
        """Answer these prompts on this frame and touch nothing else.

        Raises:
            PromptError: one of them is outside of the frame, or beyond the engine.

        """
        fitted = []
        for prompt in prompts:
            self._check_for_engine(prompt)
            fitted.append(prompt.fitted(frame.width, frame.height)[0])
        return self._run(frame, fitted)

    def _run(self, frame: Frame, prompts: Sequence[Prompt]) -> Segmentation:
        with self._engine_lock:
            return self.engine.segment_frame(frame, prompts)

    def _look_back(self, frame: Frame, prompts: Sequence[Prompt]) -> Result:
        if self.tracker is not None:
            prompts = [self.tracker.aim(prompt) for prompt in prompts]
        # The sensor's turn is over for this frame, and must not be moved by it.
        made = self._run(replace(frame, sensor_output=None, no_output=''), prompts)
        masks = self.current(made.masks)
        if self.tracker is not None:
            masks = self.tracker.judge(frame, masks).believed
        return Result(frame, masks, (), (), made.timing, corrections=self._corrected(made))

    def _corrected(self, made: Segmentation) -> tuple[Correction, ...]:
        """Let the tracker know of the corrections that are still wanted; give those."""
        wanted = tuple(it for it in made.corrections if self.holds(it.mask.prompt))
        if self.tracker is not None:
            for correction in wanted:
                self.tracker.correct(correction)
        return wanted

    def _aimed(self, prompts: Sequence[Prompt]) -> Sequence[Prompt]:
        if self.tracker is None:
            return prompts
        self.tracker.keep([prompt.object_id for prompt in prompts])
        return [self.tracker.aim(prompt) for prompt in prompts]

    def _check_for_engine(self, prompt: Prompt) -> None:
        self.engine.capabilities.check(prompt, self.engine.name)
