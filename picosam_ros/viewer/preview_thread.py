"""Masks on a kept image, of prompts or of all things, without ROS: as `~/segment` of the node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from picosam_ros.errors import PicosamError, fault_text
from picosam_ros.frame import Frame
from picosam_ros.mask import Mask
from picosam_ros.prompts.recent_frames import RecentFrames
from picosam_ros.segmenter import Segmenter
from picosam_ros.viewer.assembler import to_viewer_mask
from picosam_ros.viewer.frames import ImageMasks
from picosam_ros.viewer.requests import PreviewRequest


class PreviewThread:
    """Answers one request after another; the frames of the camera come first.

    Args:
        segmenter: answers, and lets its own frames have the engine in between.
        recent: the images that are kept.
        answer: called with the number of a request, its masks, and why there are none.
        failed: called with what was raised and is no PicosamError.
        roi_size: side of the square around a click, in pixels; 0 lets the engine choose.

    """

    def __init__(
        self,
        segmenter: Segmenter,
        recent: RecentFrames,
        answer: Callable[[int, ImageMasks, str], None],
        failed: Callable[[Exception], None],
        *,
        roi_size: int = 0,
    ) -> None:
        self._segmenter = segmenter
        self._recent = recent
        self._answer = answer
        self._failed = failed
        self._roi_size = roi_size
        self._pool = ThreadPoolExecutor(1, 'picosam_preview')

    def ask(self, number: int, request: PreviewRequest) -> None:
        """Answer a request as soon as those before it are."""
        self._pool.submit(self._run, number, request)

    def close(self) -> None:
        """End the thread after the present run; what waits is not answered."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, number: int, request: PreviewRequest) -> None:
        masks, reason = ImageMasks(request.stamp_ns), ''
        try:
            frame = self._recent.kept(request.stamp_ns)
            look = self._everything if request.everything else self._answered
            masks = look(frame, request)
        except PicosamError as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001 - told and counted; a dead thread is silent
            self._failed(error)
            reason = fault_text(error)
        self._answer(number, masks, reason)

    def _answered(self, frame: Frame, request: PreviewRequest) -> ImageMasks:
        made = self._segmenter.segment(
            frame,
            [
                replace(prompt, roi_size=prompt.roi_size or self._roi_size)
                for prompt in request.prompts
            ],
        )
        unanswered = tuple((one.prompt.object_id, one.reason) for one in made.unanswered)
        return replace(_masks_of(frame, made.masks), unanswered=unanswered)

    def _everything(self, frame: Frame, request: PreviewRequest) -> ImageMasks:
        found = self._segmenter.everything(frame, request.budget_s)
        return replace(_masks_of(frame, found.masks), asked=found.asked, planned=found.planned)


def _masks_of(frame: Frame, masks: Sequence[Mask]) -> ImageMasks:
    return ImageMasks(frame.stamp_ns, frame.width, frame.height, tuple(map(to_viewer_mask, masks)))
