"""A lifecycle node around a Segmenter; its subclasses bring the frames."""

from __future__ import annotations

import threading
import time
import traceback
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rclpy.lifecycle import LifecycleNode, State, TransitionCallbackReturn

from picosam_ros.binding import RecentFrames
from picosam_ros.engines import Engine, make_engine, options_of
from picosam_ros.errors import ImageError, PicosamError
from picosam_ros.frame import Frame
from picosam_ros.pinhole import Pinhole
from picosam_ros.prompt import Prompt
from picosam_ros.prompt_file import read_prompts
from picosam_ros.ros import transport
from picosam_ros.ros.clock_jump import watch_clock
from picosam_ros.ros.diagnostics import Diagnostics, Status
from picosam_ros.ros.health import Activity, Health
from picosam_ros.ros.input_health import Expected, Source
from picosam_ros.ros.inputs import Inputs
from picosam_ros.ros.outputs import Outputs
from picosam_ros.ros.parameters import Parameter, Parameters
from picosam_ros.ros.segmentation_parameters import TUNABLE
from picosam_ros.ros.services import Services
from picosam_ros.ros.transitions import refuse_impossible, told
from picosam_ros.segmenter import Segmenter
from picosam_ros.worker import Worker


class SegmentationNode(LifecycleNode):
    """Parameters, transitions and diagnostics; frames come in by `offer`.

    configure loads the engine and opens the topics, activate starts the work, deactivate stops
    it, cleanup frees everything.
    """

    def __init__(self, name: str, table: Sequence[Parameter]) -> None:
        super().__init__(name)
        refuse_impossible(self)
        self.parameters = Parameters(self, table)
        self.enabled = True
        self.finalized = False
        self.health = Health(self)
        self._segmenter: Segmenter | None = None
        self._worker: Worker[Frame] = Worker(self._work, self._failed)
        self._recent = RecentFrames()
        self._outputs: Outputs | None = None
        self._inputs: Inputs | None = None
        self._calls: Services | None = None
        self._active = False
        self._diagnostics = Diagnostics(self, self.report)
        self._clock_watch = watch_clock(self, self._forget)

    def make_engine(self, **options: Any) -> Engine:
        """Make the engine that the parameters name, and that the source allows.

        Args:
            options: further ones of make_engine.

        """
        name = self.parameters['engine']
        own = {option: self.parameters[option] for option in options_of(name)}
        return make_engine(name, **own, **options)

    @abstractmethod
    def source(self) -> Source:
        """Where frames come from, in words."""

    def expected(self) -> Expected:
        """What frames should be like."""
        return Expected(self.parameters['expected_rate'], self.parameters['max_age'])

    @abstractmethod
    def calibration(self) -> Pinhole:
        """The camera that made the frames; raises CalibrationError where it is not known."""

    @abstractmethod
    def open_source(self) -> None:
        """Get ready to deliver frames; raises PicosamError."""

    @abstractmethod
    def close_source(self) -> None:
        """Undo open_source."""

    def start_source(self) -> None:
        """Begin to deliver frames."""

    def stop_source(self) -> None:
        """Deliver no more."""

    def offer(self, frame: Frame) -> None:
        """Take a frame from the source; the newest wins."""
        if self._active:
            self.health.arrived(frame, wanted=self.enabled)
            if self.enabled:
                self._recent.add(frame)
                self._worker.offer(frame)

    def refuse_image(self, error: ImageError) -> None:
        """Count an image that cannot be used, and say why."""
        self.health.refuse(error)
        self.get_logger().warning(f'image refused: {error}', throttle_duration_sec=1.0)

    @told
    def on_configure(self, state: State) -> TransitionCallbackReturn:
        """Load the engine, open topics and source."""
        try:
            waiting = self._prompts_of_the_file()
            engine = self.make_engine()
            engine.open()
            transport.trim_malloc()
            self._segmenter = self._tuned(Segmenter(engine, waiting=waiting))
            self.open_source()
        except PicosamError as error:
            self.health.fault = str(error)
            self.get_logger().error(str(error))
            self._release()
            return TransitionCallbackReturn.FAILURE
        self.health.fault = ''
        turn = threading.Lock()
        self._outputs = Outputs(self, self._segmenter, turn)
        self._inputs = Inputs(
            self,
            self._segmenter,
            turn,
            recent=self._recent,
            max_age=lambda: self.parameters['prompt_max_age'],
            roi_size=lambda: self.parameters['roi_size'],
            calibration=self.calibration,
        )
        self._calls = Services(self, self._segmenter, turn, self._enable)
        return TransitionCallbackReturn.SUCCESS

    @told
    def on_activate(self, state: State) -> TransitionCallbackReturn:
        """Start to work."""
        self._worker.dropped = 0
        self.health.restart()
        self._worker.start()
        self._active = True
        self.start_source()
        return super().on_activate(state)

    def on_deactivate(self, state: State) -> TransitionCallbackReturn:
        """Stop to work; prompts stay."""
        self._stop()
        return super().on_deactivate(state)

    def on_cleanup(self, state: State) -> TransitionCallbackReturn:
        """Free engine, topics and source."""
        self._release()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: State) -> TransitionCallbackReturn:
        """Free everything, from whatever state; there is no way back."""
        self._stop()
        self._release()
        self.finalized = True
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: State) -> TransitionCallbackReturn:
        """Free everything, so that configure can be tried again."""
        self._stop()
        self._release()
        return TransitionCallbackReturn.SUCCESS

    def report(self) -> Mapping[str, Status]:
        """What `/diagnostics` shows."""
        activity = Activity(self._segmenter, self._active, self.enabled, self._worker.dropped)
        components = dict(self.health.report(activity, self.expected(), self.source()))
        if self._inputs is not None:
            components['prompts'] = self._inputs.report()
        return components

    def _forget(self) -> None:
        self.health.forget()
        self._recent.clear()

    def _prompts_of_the_file(self) -> list[Prompt]:
        path, roi_size = self.parameters['prompts'], self.parameters['roi_size']
        prompts = read_prompts(path) if path else ()
        return [replace(prompt, roi_size=prompt.roi_size or roi_size) for prompt in prompts]

    def _enable(self, enabled: bool) -> None:
        self.enabled = enabled

    def _work(self, frame: Frame, queue_ms: float) -> None:
        segmenter, inputs, outputs = self._segmenter, self._inputs, self._outputs
        if segmenter is None or inputs is None or outputs is None:
            return
        offered = time.perf_counter() - queue_ms / 1e3
        for earlier in segmenter.catch_up(frame):
            outputs.publish_earlier(earlier)
        result = self._tuned(segmenter).step(frame)
        for answer in (*result.started, *result.lost):
            inputs.tell(answer)
        self.health.frames += 1
        timing = outputs.publish(
            result,
            offered=offered,
            queue_ms=queue_ms,
            frames=self.health.frames,
            dropped=self._worker.dropped,
        )
        self.health.answered(timing, masks=bool(result.masks))

    def _tuned(self, segmenter: Segmenter) -> Segmenter:
        segmenter.tune(**{name: self.parameters[name] for name in TUNABLE})
        return segmenter

    def _failed(self, error: Exception) -> None:
        self.health.failed(error)
        self.get_logger().error(
            ''.join(traceback.format_exception(error)), throttle_duration_sec=1.0
        )

    def _stop(self) -> None:
        self._active = False
        self.stop_source()
        self._worker.stop()
        self._recent.clear()

    def _release(self) -> None:
        self.close_source()
        for part in (self._calls, self._inputs, self._outputs):
            if part is not None:
                part.destroy()
        self._calls = self._inputs = self._outputs = None
        if self._segmenter is not None:
            self._segmenter.engine.close()
            self._segmenter = None
        transport.trim_malloc()
