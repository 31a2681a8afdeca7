"""A lifecycle node around a Segmenter; its subclasses bring the frames."""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from picosam_ros.engines import ENGINES, Engine, make_engine
from picosam_ros.engines.frame_budget import frame_budget
from picosam_ros.errors import ImageError
from picosam_ros.frame import Frame
from picosam_ros.prompt import Prompt
from picosam_ros.prompts.file import read_prompts
from picosam_ros.prompts.recent_frames import RecentFrames
from picosam_ros.ros import process
from picosam_ros.ros.diagnostics import Status
from picosam_ros.ros.managed_node import ManagedNode
from picosam_ros.ros.parameters import Parameter
from picosam_ros.ros.prompt_sources import SOURCES, PromptContext
from picosam_ros.ros.segmentation.health import Activity, Health
from picosam_ros.ros.segmentation.outputs import LOCAL_TOPICS, Outputs
from picosam_ros.ros.segmentation.parameters import ENGINE_OPTIONS, TUNABLE
from picosam_ros.ros.segmentation.services import Services
from picosam_ros.ros.stream_health import Expected, Source
from picosam_ros.segmenter import Segmenter
from picosam_ros.spatial.pinhole import Pinhole
from picosam_ros.worker import Worker


class SegmentationNode(ManagedNode):
    """Frames come in by `offer`.

    configure loads the engine and opens the topics, activate starts the work, deactivate stops
    it while prompts stay, cleanup frees everything.

    Args:
        name: of the node.
        table: its parameters.
        image_topic: that the frames have; the other nodes of this process take them there, as
            RawImages.
        options: of ManagedNode.

    Attributes:
        local_image: that topic.

    """

    def __init__(
        self, name: str, table: Sequence[Parameter], *, image_topic: str = 'image', **options: Any
    ) -> None:
        super().__init__(name, table, **options)
        self.local_image = self.local_topics.declare(self.resolve_topic_name(image_topic))
        for topic in LOCAL_TOPICS:
            self.local_topics.declare(self.resolve_topic_name(topic))
        self.enabled = True
        self.health = Health(self)
        self._segmenter: Segmenter | None = None
        self._opening: Engine | None = None
        self._worker: Worker[Frame] = Worker(self._work, self.failed)
        self._recent = RecentFrames()
        self._outputs: Outputs | None = None
        self._prompts: PromptContext | None = None
        self._calls: Services | None = None

    def make_engine(self, **options: Any) -> Engine:
        """Make the engine that the parameters name, and that the source allows.

        Args:
            options: further ones of make_engine.

        """
        name = self.parameters['engine']
        given = {option: self.parameters[option] for option in ENGINE_OPTIONS} | options
        own = [option for option in ENGINES.options_of(name) if option in given]
        self._warn_of_foreign(name)
        return make_engine(name, **{option: given[option] for option in own})

    def _warn_of_foreign(self, engine: str) -> None:
        for option in ENGINE_OPTIONS:
            if option not in ENGINES.options_of(engine):
                having = [name for name in ENGINES if option in ENGINES.options_of(name)]
                self.parameters.warn_unused(
                    [option], f'engine {engine!r}; it is for {", ".join(having)}'
                )

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
        if self.active:
            self.health.arrived(frame, wanted=self.enabled)
            if self.enabled:
                self._recent.add(frame)
                self._worker.offer(frame)

    def clicked(self, stamp_ns: int) -> None:
        """Somebody points at something in the image of a stamp, or in the newest one (0)."""

    def has_objects(self) -> bool:
        """Whether there is anything to segment."""
        segmenter = self._segmenter
        return segmenter is not None and bool(segmenter.prompts.active)

    def refuse_image(self, error: ImageError) -> None:
        """Count an image that cannot be used, and say why."""
        self.health.refuse(error)
        self.get_logger().warning(f'image refused: {error}', throttle_duration_sec=1.0)

    def open(self) -> None:
        """Load the engine, open topics and source."""
        initial = self._prompts_of_the_file()
        engine = self._opening = self.make_engine()
        try:
            engine.open()
        finally:
            self._opening = None
        process.trim_malloc()
        self._segmenter = segmenter = self._tuned(Segmenter(engine, initial=initial))
        self.open_source()
        publish_lock = threading.Lock()
        self._outputs = Outputs(self, segmenter.prompts, publish_lock, self.local_topics)
        self._prompts = PromptContext(
            self,
            segmenter.prompts,
            publish_lock,
            recent=self._recent,
            max_age=lambda: self.parameters['prompt_max_age'],
            roi_size=lambda: self.parameters['roi_size'],
            calibration=self.calibration,
            clicked=self.clicked,
        )
        for source in SOURCES:
            source(self._prompts)
        self._calls = Services(
            self,
            segmenter,
            publish_lock,
            self._enable,
            recent=self._recent,
            roi_size=lambda: self.parameters['roi_size'],
        )
        self._prompts.start()

    def interrupt(self) -> None:
        """Let an engine that is being opened, and calls of `~/segment`, give up."""
        if (opening := self._opening) is not None:
            opening.interrupt()
        if (segmenter := self._segmenter) is not None:
            segmenter.interrupt()

    def start(self) -> None:
        """Let frames in, and work on them."""
        self._worker.dropped = 0
        self.health.restart()
        self._worker.start()
        self.start_source()

    def stop(self) -> None:
        """Let no more frames in; prompts stay."""
        self.stop_source()
        with self._interrupted():
            self._worker.stop()
        self._recent.clear()

    def close(self) -> None:
        """Free engine, topics and source."""
        # Each step is done, last to first, whatever another one raises.
        with self._interrupted(), ExitStack() as steps:
            steps.callback(process.trim_malloc)
            if self._segmenter is not None:
                steps.callback(self._segmenter.engine.close)
            steps.callback(self.close_source)
            # What answers calls and prompts goes after them.
            for part in (self._outputs, self._calls, self._prompts):
                if part is not None:
                    steps.callback(part.destroy)
            self._calls = self._prompts = self._outputs = self._segmenter = None

    @contextmanager
    def _interrupted(self) -> Iterator[None]:
        """Let the engine leave what it works on: many new clicks in one frame take seconds."""
        segmenter, calls = self._segmenter, self._calls
        if segmenter is not None:
            segmenter.interrupt(True)
        try:
            yield
            if calls is not None:
                calls.wait()
        finally:
            if segmenter is not None:
                segmenter.interrupt(False)

    def failed(self, error: Exception) -> None:
        """Count it, too."""
        self.health.failed()
        super().failed(error)

    def report(self) -> Mapping[str, Status]:
        """What `/diagnostics` shows."""
        activity = Activity(
            self._segmenter, self.active, self.enabled, self._worker.dropped, self.fault
        )
        components = dict(self.health.report(activity, self.expected(), self.source()))
        if self._prompts is not None:
            components['prompts'] = self._prompts.report()
        return components

    def clock_jumped(self) -> None:
        """Drop ages, rates and frames; prompts stay."""
        self.health.forget()
        self._recent.clear()

    def _prompts_of_the_file(self) -> list[Prompt]:
        path, roi_size = self.parameters['prompts'], self.parameters['roi_size']
        prompts = read_prompts(path) if path else ()
        return [replace(prompt, roi_size=prompt.roi_size or roi_size) for prompt in prompts]

    def _enable(self, enabled: bool) -> None:
        self.enabled = enabled

    def _work(self, frame: Frame, queue_ms: float) -> None:
        segmenter, prompts, outputs = self._segmenter, self._prompts, self._outputs
        if segmenter is None or prompts is None or outputs is None:
            return
        offered = time.perf_counter() - queue_ms / 1e3
        self._recent.answered(frame)
        for result in self._tuned(segmenter).process(frame):
            if result.late:
                outputs.publish_late(result)
                continue
            for answer in (*result.started, *result.lost):
                prompts.publish(answer)
            self.health.frames += 1
            timing = outputs.publish(
                result,
                offered=offered,
                queue_ms=queue_ms,
                frames=self.health.frames,
                dropped=self._worker.dropped,
            )
            self.health.answered(timing, masks=bool(result.masks))
        self.fault = ''

    def _tuned(self, segmenter: Segmenter) -> Segmenter:
        segmenter.tune(**{name: self.parameters[name] for name in TUNABLE})
        segmenter.frame_budget = frame_budget(self.parameters['frame_budget'], self.health.rate)
        return segmenter
