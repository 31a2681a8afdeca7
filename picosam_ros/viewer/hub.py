"""The hub between one segmentation node and all connected browsers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from picosam_ros.bags.messages import missing
from picosam_ros.errors import ViewerError
from picosam_ros.latency import Timing
from picosam_ros.prompts.recent_frames import NOT_KEPT, is_about_stamp
from picosam_ros.prompts.store import REMOVED
from picosam_ros.results import Answer, PromptState
from picosam_ros.viewer import messages, parsing
from picosam_ros.viewer.assembler import FrameMasks
from picosam_ros.viewer.backend import Backend
from picosam_ros.viewer.client import Client
from picosam_ros.viewer.frames import ImageMasks, Level, ViewerFrame, image_of
from picosam_ros.viewer.left_objects import LeftObjects
from picosam_ros.viewer.messages import Component
from picosam_ros.viewer.pending import PendingPrompt, PendingPrompts
from picosam_ros.viewer.pictures import PictureViewer, Shown
from picosam_ros.viewer.previews import Previews
from picosam_ros.viewer.recorder import Recorder, Topics
from picosam_ros.viewer.requests import (
    Acknowledge,
    Clear,
    FullImage,
    NextScene,
    PreviewRequest,
    PromptRequest,
    Remove,
    Request,
    ShowCamera,
)
from picosam_ros.viewer.statistics import ViewerStatistics

_UNTAGGED = (Clear, FullImage, NextScene, ShowCamera)
_ON_NEWEST = 'Answered on the newest image, not on the one that was clicked: '


class Hub:
    """Passes prompts from browsers to a backend, and its frames, answers and state to browsers.

    Args:
        backend: receives the prompts.
        name: of the segmentation node.
        title: shown on the page beside the name.
        prompt_topic: where the backend publishes prompts; empty without ROS.
        image_topic: of the images; empty without ROS.
        camera: full name of the segmentation node, by which pages ask for it; empty without ROS.
        refused: shared with the hubs of other cameras; without it, one of its own.

    Attributes:
        camera: as given.
        recorder: of what browsers are sent; thread-safe.
        refused: messages, requests and connections, by cause; `failure` counts what was not
            expected to be raised.
        picture_viewer: shows pictures that pages send; None where they may send none.

    """

    def __init__(
        self,
        backend: Backend,
        *,
        name: str,
        title: str,
        prompt_topic: str = '',
        image_topic: str = '',
        camera: str = '',
        refused: Counter[str] | None = None,
    ) -> None:
        self.camera = camera
        self.refused: Counter[str] = Counter() if refused is None else refused
        self._backend = backend
        topics = Topics(image_topic, prompt_topic, camera) if camera else Topics()
        self.recorder = Recorder(topics, needs=missing())
        self._hello = messages.hello(
            name,
            title=title,
            prompt_topic=prompt_topic,
            camera=camera,
            recording=self.recorder.needs,
        )
        self._no_answer = f'no answer from {name}: is the node running, with the same prompt topic?'
        self._clients: set[Client] = set()
        self._pending: PendingPrompts[Client] = PendingPrompts()
        self._previews: Previews[Client] = Previews(backend)
        self._latency = ViewerStatistics()
        self._objects = LeftObjects()
        self._next_scene: Callable[[], None] | None = None
        self.picture_viewer: PictureViewer | None = None
        self._shown = Shown()
        self._frame: ViewerFrame | None = None
        # Of the newest segmentation; a frame without one has no objects, though they live.
        self._used: frozenset[int] = frozenset()
        self._diagnostics = ''

    def __len__(self) -> int:
        return len(self._clients)

    def __iter__(self) -> Iterator[Client]:
        return iter(self._clients)

    def connect(self, client: Client) -> None:
        """Add a client; send it the newest frame and diagnostics."""
        self._clients.add(client)
        client.enqueue(self._hello)
        client.set_text('scenes', messages.scenes(several=self._next_scene is not None))
        client.set_text('picture', messages.picture(self._shown))
        if self._diagnostics:
            client.set_text('diagnostics', self._diagnostics)
        if self._frame is not None:
            client.set_frame(self._frame)
        if len(self._clients) == 1:
            self.recorder.start()
            self._backend.set_streaming(True)

    def disconnect(self, client: Client) -> None:
        """Remove a client and its pending prompts."""
        self._clients.discard(client)
        self._pending.discard(client)
        self._previews.discard(client)
        if not self._clients:
            # They would be outdated when the next client connects.
            self._frame, self._diagnostics = None, ''
            self._used = frozenset()
            self.recorder.stop()
            self._backend.set_streaming(False)

    def page_opened(self) -> None:
        """Keep the objects of browsers: a page is open, though it may show another camera."""
        self._objects.wanted()

    def pages_closed(self) -> None:
        """Remove the objects of browsers some time later, as no page is open any more."""
        self._objects.left()

    def broadcast_frame(self, frame: ViewerFrame) -> None:
        """Send a frame to all clients."""
        self._frame = frame
        if frame.segmented or frame.object_ids:
            self._used = frame.object_ids
        self._pending.release(frame.object_ids)
        if frame.segmented:
            self._objects.keep(frame.object_ids | self._pending.object_ids)
        for client in self._clients:
            client.set_frame(frame)

    def broadcast_late(self, late: FrameMasks) -> None:
        """Send masks of an image that was sent without them to the clients that still show it.

        So a click into an image that somebody froze is answered on that very image.
        """
        frame = self._frame
        if frame is None or not late.masks:
            return
        shown = ImageMasks(late.stamp_ns, frame.width, frame.height, late.masks)
        for client in self._clients:
            if late.stamp_ns in client.shown_stamps:
                client.enqueue(messages.late(shown))

    def broadcast_answer(self, answer: Answer) -> None:
        """Send the answer to a prompt to all clients; only its sender gets it with the tag.

        A prompt whose image is not known to the backend, or not any more, is sent again for the
        newest one; its sender is told.
        """
        prompt, accepted = None, answer.state != PromptState.REFUSED
        if answer.state != PromptState.LOST:  # which answers no prompt
            prompt = self._pending.resolve(answer.object_id, accepted=accepted)
            if prompt is None and accepted and answer.reason != REMOVED:
                self._pending.reserve(answer.object_id)  # somebody else made it
        if (prompt is None or not prompt.creates) and answer.state != PromptState.REFUSED:
            self._objects.discard(answer.object_id)
        if prompt is not None and not accepted and self._sent_for_newest(prompt, answer.reason):
            return
        if prompt is not None and accepted:
            note = prompt.note or (answer.reason if answer.reason == NOT_KEPT else '')
            if note:
                prompt.sender.enqueue(messages.notice(_ON_NEWEST + note))
        for client in self._clients:
            tag = prompt.tag if prompt is not None and prompt.sender is client else None
            client.enqueue(messages.answer(answer, tag))

    def _sent_for_newest(self, prompt: PendingPrompt[Client], reason: str) -> bool:
        if not is_about_stamp(reason) or prompt.request is None or not prompt.request.stamp_ns:
            return False
        newest = replace(prompt.request, stamp_ns=0)
        self._pending.add(
            prompt.sender, prompt.tag, prompt.object_id, creates=True, request=newest, note=reason
        )
        self.recorder.add_prompt(newest)
        self._backend.send_prompt(newest)
        return True

    def answer_preview(self, number: int, masks: ImageMasks, reason: str = '') -> None:
        """Send masks to the client that asked for them under that number.

        Args:
            number: that Backend.preview was called with.
            masks: of the prompts, in their order.
            reason: why there are none; empty if there are.

        """
        self._previews.answer(number, masks, reason)

    def broadcast_diagnostics(self, components: list[Component]) -> None:
        """Send the diagnostics to all clients."""
        self._diagnostics = messages.diagnostics(components)
        for client in self._clients:
            client.set_text('diagnostics', self._diagnostics)

    def broadcast_notice(self, text: str) -> None:
        """Send a text to all clients."""
        for client in self._clients:
            client.enqueue(messages.notice(text))

    def offer_next_scene(self, next_scene: Callable[[], None] | None) -> None:
        """Let pages ask for the next scene of the camera; None where it has no other.

        Args:
            next_scene: called on the event loop.

        """
        self._next_scene = next_scene
        for client in self._clients:
            client.set_text('scenes', messages.scenes(several=next_scene is not None))

    def offer_pictures(self, viewer: PictureViewer, shown: Shown) -> None:
        """Let pages send pictures, and tell them what is shown."""
        self.picture_viewer, self._shown = viewer, shown
        for client in self._clients:
            client.set_text('picture', messages.picture(shown))

    def record_timing(self, timing: Timing, dropped: int) -> None:
        """Add the timing of one result to the statistics of the next tick."""
        self._latency.add(timing, dropped)

    def sent(self, frame: ViewerFrame, message: bytes, level: Level) -> None:
        """Record a frame that is sent to a browser; ask the backend to keep its image."""
        whole = max(frame.width, frame.height) <= level.side
        self.recorder.add_image(frame, image_of(message), whole=whole)
        if frame.stamp_ns:
            self._backend.keep(frame.stamp_ns)

    def tick(self) -> None:
        """Send what is due, and remove the objects of browsers that have gone.

        To be called a few times a second.
        """
        for object_id in self._objects.take_left():
            self._backend.remove_object(object_id)
        for stamp_ns in {stamp for client in self._clients for stamp in client.shown_stamps}:
            if stamp_ns:
                self._backend.keep(stamp_ns)
        statistics = self._latency.text()
        for client in self._clients:
            client.set_text('statistics', statistics)
            client.report_link(len(self._clients))
        for prompt in self._pending.take_expired():
            prompt.sender.enqueue(messages.notice(self._no_answer, prompt.tag))
        self._previews.end_expired(self._no_answer)

    def handle(self, client: Client, text: str) -> None:
        """Handle a message of a client; refuse it if it is malformed or beyond the rate."""
        if not client.rate_limiter.allow():
            self.refused['rate limit'] += 1
            client.set_text('notice', messages.notice(client.rate_limiter.message))
            return
        try:
            self._dispatch(client, parsing.parse(text))
        except ViewerError as error:
            self.refuse(client, str(error))

    def refuse(self, client: Client, error: str) -> None:
        """Count a malformed message, and send its client the error."""
        self.refused['malformed messages'] += 1
        client.rate_limiter.refused += 1
        client.set_text('notice', messages.notice(error))

    def _dispatch(self, client: Client, request: Request) -> None:
        if isinstance(request, Acknowledge):
            client.acknowledge(request.number, held=request.held)
        elif isinstance(request, PreviewRequest):
            self._previews.ask(client, request)
        elif not client.rate_limiter.allow_prompt():
            self.refused['prompt rate'] += 1
            if isinstance(request, FullImage):
                client.refuse_full(request.number)
            tag = None if isinstance(request, _UNTAGGED) else request.tag
            self._notify(client, client.rate_limiter.prompt_message, tag)
        elif isinstance(request, FullImage):
            client.request_full(request.number)
        elif isinstance(request, PromptRequest):
            self._send_prompt(client, request)
        elif isinstance(request, Remove):
            self._pending.add(client, request.tag, request.object_id, creates=False)
            self.recorder.add_removal(request.object_id)
            self._backend.remove_object(request.object_id)
        elif isinstance(request, Clear):
            self._backend.clear_objects()
        else:
            self._show_other(request)

    def _show_other(self, request: NextScene | ShowCamera) -> None:
        if isinstance(request, NextScene):
            if self._next_scene is not None:
                self._next_scene()
        elif self.picture_viewer is not None:
            self.picture_viewer.show_camera()

    def _notify(self, client: Client, text: str, tag: int | None) -> None:
        if tag is None:
            client.set_text('notice', messages.notice(text))
        else:
            client.enqueue(messages.notice(text, tag))

    def _send_prompt(self, client: Client, request: PromptRequest) -> None:
        object_id = request.object_id or self._pending.free_id(self._used | self._objects.ids)
        request = request.with_object_id(object_id)
        self._pending.add(client, request.tag, object_id, creates=True, request=request)
        if not request.refine:
            self._objects.add(object_id)
        self.recorder.add_prompt(request)
        self._backend.send_prompt(request)
