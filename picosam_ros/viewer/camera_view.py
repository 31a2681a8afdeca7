"""A camera and the segmentation of its frames behind the viewer's page, without ROS."""

from __future__ import annotations

import logging
import socket
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from picosam_ros.cameras import Camera
from picosam_ros.cameras.show import show_of
from picosam_ros.engines import Engine
from picosam_ros.engines.frame_budget import frame_budget
from picosam_ros.errors import PicosamError, PromptError, fault_text
from picosam_ros.frame import Frame, Pixels
from picosam_ros.health import segmentation_status
from picosam_ros.latency import LatencyWindow, Timing, completed
from picosam_ros.prompt import Prompt
from picosam_ros.prompts.recent_frames import RecentFrames, noted
from picosam_ros.results import Answer, Result
from picosam_ros.segmenter import Segmenter
from picosam_ros.status import Level, Status
from picosam_ros.stream_stats import StreamMonitor, values_of
from picosam_ros.tracking.tracker import Tracker
from picosam_ros.viewer.assembler import FrameAssembler, PendingImage, masks_of
from picosam_ros.viewer.hub import Hub
from picosam_ros.viewer.messages import Component
from picosam_ros.viewer.pictures import Shown
from picosam_ros.viewer.preview_thread import PreviewThread
from picosam_ros.viewer.requests import PreviewRequest, PromptRequest
from picosam_ros.viewer.server import Server
from picosam_ros.viewer.sources import Sources
from picosam_ros.worker import Worker

# How much older than the newest image a click may be.
PROMPT_MAX_AGE_S = 1.0
_CHANGED = 'the picture changed'
_LOG = logging.getLogger('picosam_ros.view')


class CameraView:
    """Reads a camera, answers the prompts of all browsers, and shows them the masks.

    Prompts are answered as by the node `camera`, whose parts this composes. Browsers may send
    pictures, which are shown in the place of the camera.

    Args:
        camera: of which every frame is read; None where there is none, only pictures.
        engine: that suits it.
        roi_size: side of the square around a click, in pixels; 0 lets the engine choose.
        options: of the Server.

    Attributes:
        server: of the page.

    """

    def __init__(
        self, camera: Camera | None, engine: Engine, *, roi_size: int = 0, **options: Any
    ) -> None:
        self._name = 'view' if camera is None else camera.name
        self.server = Server(Hub(self, name=self._name, title=socket.gethostname()), **options)
        self._engine = engine
        self._segmenter = Segmenter(engine, tracker=Tracker())
        self._roi_size = roi_size
        self._show = show_of(camera)
        if self._show is not None:
            self._show.stay_while(lambda: bool(self._segmenter.prompts.active))
        self._sources = Sources(camera, self._take, self._source_changed)
        self._offer()
        self._worker: Worker[Frame] = Worker(self._work, self._failed)
        self._recent = RecentFrames()
        self._monitor = StreamMonitor()
        self._window = LatencyWindow()
        self._previews = PreviewThread(
            self._segmenter,
            self._recent,
            self._broadcast(self.server.hub.answer_preview),
            self._failed,
            roi_size=roi_size,
        )
        self._assembler = FrameAssembler(self._broadcast(self.server.hub.broadcast_frame))
        self._streaming = threading.Event()
        # No mask may follow the answer to a prompt that replaced or removed its object.
        self._publish_lock = threading.Lock()
        self._fault = ''
        self._failures = 0

    def open(self) -> None:
        """Load the engine, open the camera, serve the page and begin.

        Raises:
            PicosamError: one of them is not possible.

        """
        self._engine.open()
        self._sources.open()
        self.server.start()
        self._worker.start()
        self._sources.start()

    def close(self) -> None:
        """End all threads and release everything; a second call does nothing."""
        self._sources.stop()
        # Many new clicks in one frame take seconds.
        self._engine.interrupt(True)
        self._previews.close()
        self._worker.stop()
        self._sources.close()
        self.server.stop()
        self._engine.close()

    def report(self) -> None:
        """Send the state of each component to the browsers; to be called once a second at least."""
        if self._streaming.is_set():
            components = [
                Component(
                    f'{self._name}: {name}',
                    int(status.level),
                    status.message,
                    {key: str(value) for key, value in status.values.items()},
                )
                for name, status in self._statuses().items()
            ]
            self.server.call(self.server.hub.broadcast_diagnostics, components)

    def send_prompt(self, request: PromptRequest) -> None:
        """Put a prompt into the store."""
        self._answer(lambda: self._put(request))

    def remove_object(self, object_id: int) -> None:
        """Remove an object from the store."""
        self._answer(lambda: self._segmenter.prompts.remove(object_id))

    def clear_objects(self) -> None:
        """Remove all objects."""
        with self._publish_lock:
            count = self._segmenter.prompts.clear()
            self.server.call(self.server.hub.broadcast_notice, f'{count} objects cleared')
        self._sources.wake()

    def preview(self, number: int, request: PreviewRequest) -> None:
        """Answer prompts on an image that is kept, in a thread of its own."""
        self._previews.ask(number, request)

    def show_picture(self, pixels: Pixels, name: str) -> None:
        """Show H×W×3 uint8 RGB in the place of the camera, from a file of that name if it has one.

        All objects are lost.
        """
        self._sources.show_picture(pixels, name)

    def show_camera(self) -> None:
        """Show the camera again, if there is one; all objects are lost."""
        self._sources.show_camera()

    def keep(self, stamp_ns: int) -> None:
        """Keep the frame of a stamp, as a browser shows it."""
        self._recent.keep(stamp_ns)

    def set_streaming(self, enabled: bool) -> None:
        """Show frames, or none while no browser is connected."""
        if enabled:
            self._streaming.set()
        else:
            self._streaming.clear()
            self._assembler.clear()

    def _statuses(self) -> dict[str, Status]:
        camera = self._sources.status()
        values = {**values_of(self._monitor.stats()), **camera.values}
        segmentation = segmentation_status(
            self._segmenter, self._window, 'click on an object in the image'
        )
        counts = {
            'dropped (a newer image came first)': self._worker.dropped,
            'refused (failure)': self._failures,
        }
        values_of_segmentation = {**segmentation.values, **counts}
        if self._fault:
            segmentation = Status(Level.ERROR, self._fault)
        browsers = len(self.server.hub)
        return {
            'camera': Status(camera.level, camera.message, values),
            'segmentation': Status(
                segmentation.level, segmentation.message, values_of_segmentation
            ),
            'viewer': Status(Level.OK, f'browsers: {browsers}', self.server.statistics()),
        }

    def _put(self, request: PromptRequest) -> Answer:
        store, object_id = self._segmenter.prompts, request.object_id
        of_camera = self._sources.picture is None
        if self._show is not None and self._recent.newest is not None and of_camera:
            self._show.hold(request.stamp_ns)
        try:
            if self._sources.is_past(request.stamp_ns):
                raise PromptError(f'{_CHANGED}; click into the one that is shown now')
            made_for = self._recent.find(
                request.stamp_ns, '', now_ns=time.time_ns(), max_age_s=PROMPT_MAX_AGE_S
            )
            if request.refine:
                answer = store.refine(
                    object_id, request.points, made_for, size_step=request.size_step
                )
            else:
                prompt = Prompt(
                    request.points, request.box, object_id, self._roi_size, request.size_step
                )
                answer = store.put(prompt, made_for)
            return noted(answer, request.stamp_ns, made_for)
        except PromptError as error:
            return store.refuse(object_id, str(error))

    def _answer(self, act: Callable[[], Answer]) -> None:
        with self._publish_lock:
            self.server.call(self.server.hub.broadcast_answer, act())
        self._sources.wake()

    def _source_changed(self) -> None:
        """Forget what belongs to the images of before."""
        prompts = self._segmenter.prompts
        with self._publish_lock:
            self._recent.clear()
            for prompt in prompts.active:
                lost = prompts.end(prompt.object_id, prompt.generation, _CHANGED)
                if lost is not None:
                    self.server.call(self.server.hub.broadcast_answer, lost)
        self.server.call(self._offer)
        self.report()

    def _offer(self) -> None:
        """Tell the pages what is shown, and what they can ask for."""
        picture = self._sources.picture
        shown = Shown(offered=True, name=picture, camera=self._sources.has_camera)
        self.server.hub.offer_pictures(self, shown)
        scenes = self._show is not None and picture is None
        self.server.hub.offer_next_scene(self._show.next_scene if scenes and self._show else None)

    def _broadcast(self, broadcast: Callable[..., None]) -> Callable[..., None]:
        return lambda *arguments: self.server.call(broadcast, *arguments)

    def _take(self, frame: Frame) -> None:
        """Take a frame of the camera: the newest wins."""
        self._monitor.add(frame.stamp_ns, frame.received_ns, frame.frame_id)
        self._recent.add(frame)
        if self._streaming.is_set():
            self._assembler.add_image(_to_image(frame))
        self._worker.offer(frame)

    def _work(self, frame: Frame, queue_ms: float) -> None:
        offered = time.perf_counter() - queue_ms / 1e3
        self._recent.answered(frame)
        self._segmenter.frame_budget = frame_budget(0.0, self._monitor.rate())
        for result in self._segmenter.process(frame):
            if result.late:
                self._show_late(result)
            else:
                self._publish(result, offered=offered, queue_ms=queue_ms)
        self._fault = ''

    def _show_late(self, result: Result) -> None:
        """Show masks of an image that was shown already, where a browser still shows it."""
        with self._publish_lock:
            masks = self._segmenter.prompts.current(result.masks)
            if masks and self._streaming.is_set():
                shown = masks_of(replace(result, masks=masks))
                self.server.call(self.server.hub.broadcast_late, shown)
                self.server.hub.recorder.add_masks(result.frame, masks)

    def _publish(self, result: Result, *, offered: float, queue_ms: float) -> None:
        begun = time.perf_counter()
        with self._publish_lock:
            for answer in result.lost:
                self.server.call(self.server.hub.broadcast_answer, answer)
            masks = self._segmenter.prompts.current(result.masks)
            shown = masks_of(replace(result, masks=masks))
            decoded = time.perf_counter()
            if self._streaming.is_set():
                self._assembler.add_masks(shown)
        published = time.perf_counter()
        self.server.hub.recorder.add_masks(result.frame, masks, result.unanswered)
        timing = completed(
            result.timing,
            age=(result.frame.received_ns - result.frame.stamp_ns) / 1e6,
            queue=queue_ms,
            decode=1e3 * (decoded - begun),
            publish=1e3 * (published - decoded),
            since_offer=1e3 * (published - offered),
        )
        self._record(timing, masks=bool(masks))

    def _record(self, timing: Timing, *, masks: bool) -> None:
        if masks:
            self._window.add(timing)
        self.server.call(self.server.hub.record_timing, timing, self._worker.dropped)

    def _failed(self, error: Exception) -> None:
        """Note what the engine raised; it is logged when it is another fault than before."""
        self._failures += 1
        fault = fault_text(error)
        if fault != self._fault:
            expected = isinstance(error, PicosamError)
            _LOG.error(fault if expected else ''.join(traceback.format_exception(error)))
        self._fault = fault


def _to_image(frame: Frame) -> PendingImage:
    return PendingImage(
        frame.stamp_ns,
        frame.width,
        frame.height,
        frame.pixels.nbytes,
        lambda: frame.pixels,
        frame.frame_id,
    )
