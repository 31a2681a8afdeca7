"""A lifecycle node around a Segmenter; its subclasses bring the frames."""

from __future__ import annotations

import threading
import time
import traceback
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from rclpy.lifecycle import LifecycleNode, State, TransitionCallbackReturn

from picosam_ros.engines import Engine, make_engine
from picosam_ros.errors import ImageError, PicosamError
from picosam_ros.frame import Frame
from picosam_ros.latency import LatencyWindow
from picosam_ros.ros import transport
from picosam_ros.ros.diagnostics import ERROR, OK, STALE, WARN, Diagnostics, Status
from picosam_ros.ros.inputs import Inputs
from picosam_ros.ros.outputs import Outputs
from picosam_ros.ros.parameters import Parameter, Parameters
from picosam_ros.ros.services import Services
from picosam_ros.ros.transitions import refuse_impossible
from picosam_ros.segmenter import Segmenter
from picosam_ros.tracking import Tracker
from picosam_ros.worker import Worker

_Transition = Callable[['SegmentationNode', State], TransitionCallbackReturn]


def _told(transition: _Transition) -> _Transition:
    """Log what a transition raises: rclpy turns it into ERROR without a word."""

    @wraps(transition)
    def wrapper(node: SegmentationNode, state: State) -> TransitionCallbackReturn:
        try:
            return transition(node, state)
        except Exception:
            node.get_logger().error(traceback.format_exc())
            raise

    return wrapper


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
        self.frames = 0
        self.refused: Counter[str] = Counter()
        self.fault = ''
        self._refusal = ''
        self._window = LatencyWindow()
        self._segmenter: Segmenter | None = None
        self._worker: Worker[Frame] = Worker(self._work, self._failed)
        self._outputs: Outputs | None = None
        self._inputs: Inputs | None = None
        self._calls: Services | None = None
        self._active = False
        self._diagnostics = Diagnostics(self, self.report)

    def make_engine(self, **options: Any) -> Engine:
        """Make the engine that the parameters name, and that the source allows.

        Args:
            options: further ones of make_engine.

        """
        return make_engine(
            self.parameters['engine'],
            model=self.parameters['model'],
            threads=self.parameters['threads'],
            **options,
        )

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
        if self._active and self.enabled:
            self._worker.offer(frame)

    def refuse_image(self, error: ImageError) -> None:
        """Count an image that cannot be used, and say why."""
        self.refused['image'] += 1
        self._refusal = str(error)
        self.get_logger().warning(f'image refused: {error}', throttle_duration_sec=1.0)

    @_told
    def on_configure(self, state: State) -> TransitionCallbackReturn:
        """Load the engine, open topics and source."""
        try:
            engine = self.make_engine()
            engine.open()
            transport.trim_malloc()
            self._segmenter = Segmenter(
                engine,
                max_prompts=self.parameters['max_prompts'],
                tracker=Tracker() if self.parameters['track'] else None,
            )
            self.open_source()
        except PicosamError as error:
            self.fault = str(error)
            self.get_logger().error(self.fault)
            self._release()
            return TransitionCallbackReturn.FAILURE
        self.fault = ''
        turn = threading.Lock()
        self._outputs = Outputs(self, self._segmenter, turn)
        self._inputs = Inputs(self, self._segmenter, turn, lambda: self.parameters['roi_size'])
        self._calls = Services(self, self._segmenter, turn, self._enable)
        return TransitionCallbackReturn.SUCCESS

    @_told
    def on_activate(self, state: State) -> TransitionCallbackReturn:
        """Start to work."""
        self.frames = self._worker.dropped = 0
        self._window.clear()
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
        return {'segmentation': self._segmentation_status(), 'input': self._input_status()}

    def _enable(self, enabled: bool) -> None:
        self.enabled = enabled

    def _work(self, frame: Frame, queue_ms: float) -> None:
        segmenter, inputs, outputs = self._segmenter, self._inputs, self._outputs
        if segmenter is None or inputs is None or outputs is None:
            return
        offered = time.perf_counter() - queue_ms / 1e3
        result = segmenter.step(frame)
        for answer in result.lost:
            inputs.tell(answer)
        self.frames += 1
        timing = outputs.publish(
            result,
            offered=offered,
            queue_ms=queue_ms,
            frames=self.frames,
            dropped=self._worker.dropped,
        )
        if result.masks:
            self._window.add(timing)
        self.fault = ''

    def _failed(self, error: Exception) -> None:
        self.refused['failure'] += 1
        self.fault = f'{type(error).__name__}: {error}'
        self.get_logger().error(
            ''.join(traceback.format_exception(error)), throttle_duration_sec=1.0
        )

    def _stop(self) -> None:
        self._active = False
        self.stop_source()
        self._worker.stop()

    def _release(self) -> None:
        self.close_source()
        for part in (self._calls, self._inputs, self._outputs):
            if part is not None:
                part.destroy()
        self._calls = self._inputs = self._outputs = None
        if self._segmenter is not None:
            self._segmenter.engine.close()
            self._segmenter = None

    def _segmentation_status(self) -> Status:
        if self.fault:
            return Status(ERROR, self.fault)
        segmenter = self._segmenter
        if segmenter is None:
            return Status(STALE, 'not configured; configure and activate the node')
        values: dict[str, object] = {'engine': segmenter.engine.name}
        values.update(segmenter.engine.description)
        values['objects'] = len(segmenter.prompts)
        values.update({f'prompts {s.name.lower()}': n for s, n in segmenter.answers.items()})
        for stage, p in self._window.percentiles().items():
            values[f'{stage} p50/p95/p99 ms'] = f'{p.p50:.1f} / {p.p95:.1f} / {p.p99:.1f}'
        if not self._active:
            return Status(STALE, 'not active; activate the node', values)
        if not self.enabled:
            return Status(WARN, 'switched off; call ~/enable with true', values)
        if segmenter.engine.warning:
            return Status(WARN, segmenter.engine.warning, values)
        if not segmenter.prompts:
            return Status(OK, 'no prompt: send one to prompt_point', values)
        return Status(OK, f'{len(segmenter.prompts)} objects', values)

    def _input_status(self) -> Status:
        values = {
            'results': self.frames,
            'dropped (a newer image came first)': self._worker.dropped,
            **{f'refused ({what})': count for what, count in self.refused.items()},
        }
        if self._refusal:
            refusal, self._refusal = self._refusal, ''
            return Status(WARN, refusal, values)
        if not self.frames:
            return Status(WARN, 'no image yet; does the camera run, is the topic right?', values)
        return Status(OK, 'images arrive', values)
