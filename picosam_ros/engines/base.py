"""What every engine is and does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

import numpy.typing as npt

from picosam_ros.engines.work_limit import GivenUp, NotFinite, WorkLimit
from picosam_ros.errors import PromptError
from picosam_ros.frame import Frame, as_frame
from picosam_ros.mask import Mask
from picosam_ros.prompt import LAST_ID, MAX_POINTS, Prompt
from picosam_ros.results import Segmentation, Unanswered
from picosam_ros.roi import Roi
from picosam_ros.specks import without_specks

Self = TypeVar('Self', bound='Engine')

# Of one call of `segment`: as many as there are ids of objects.
MAX_PROMPTS_PER_CALL = LAST_ID

INTERRUPTED = 'interrupted'


@dataclass(frozen=True)
class Capabilities:
    """What kinds of prompts an engine answers, beside positive points.

    Attributes:
        corrections: whether its network has an input for further points of an object; without one
            each is answered in a square of its own, and the masks are put together.

    """

    negative_points: bool
    boxes: bool
    boxes_with_points: bool
    size_steps: bool = False
    corrections: bool = False

    def check(self, prompt: Prompt, engine: str) -> None:
        """Raise PromptError if the engine cannot do what the prompt asks."""
        if not self.negative_points and any(not point.positive for point in prompt.points):
            raise PromptError(self._sentence(engine, 'negative points'))
        if not self.boxes and prompt.box is not None:
            raise PromptError(self._sentence(engine, 'boxes'))
        if not self.boxes_with_points and prompt.box is not None and prompt.points:
            raise PromptError(self._sentence(engine, 'a box together with points'))
        if not self.size_steps and prompt.size_step:
            raise PromptError(self._sentence(engine, 'a size_step'))

    def _sentence(self, engine: str, what: str) -> str:
        can = ['positive points']
        can += ['negative points'] * self.negative_points
        can += ['boxes'] * self.boxes
        can += ['boxes with points'] * self.boxes_with_points
        can += ['size steps'] * self.size_steps
        return f'engine {engine!r} does not take {what}; it takes {", ".join(can)}'


@runtime_checkable
class RoiPlacer(Protocol):
    """A camera whose sensor runs a network on a region of interest that can be placed."""

    def look_at(self, roi: Roi) -> int:
        """Place the ROI, given in image pixels, and return the ticket of this request.

        The sensor has no pixels beyond its border, and no fractions of them: the ROI is shifted
        inside and rounded; `SensorOutput.roi` is the result. Frames show the effect some frames
        later; until then they carry no output.

        Raises:
            CameraError: the driver refused it.

        """


class Engine(ABC):
    """Turns an image and prompts into masks. Used by one thread at a time.

    `segment` is for callers with any image and any prompts; an engine implements `segment_frame`,
    which gets checked ones. Between two runs of its network it calls `check`, so that no work is
    without an end.

    Attributes:
        name: one word.
        interrupted: see `interrupt`.
        work_limit: see `set_work_limit`.

    """

    name: str
    interrupted: bool = False
    work_limit: WorkLimit = WorkLimit()
    _not_finite: int = 0

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What kinds of prompts it answers."""

    @property
    @abstractmethod
    def description(self) -> dict[str, str]:
        """What a diagnostics page shows of it: model, hash, licence, runtime."""

    @property
    def warning(self) -> str:
        """What works only in part now, in a sentence; empty if all is well."""
        return ''

    @abstractmethod
    def open(self) -> None:
        """Load and warm up. Raises ModelError or EngineError; a second call does nothing."""

    def load(self) -> None:
        """Open it in this process, also with files that were never tried, see engines/trial.py."""
        self.open()

    @abstractmethod
    def segment_frame(self, frame: Frame, prompts: Sequence[Prompt]) -> Segmentation:
        """Answer prompts that lie on the frame and that the capabilities allow; unchecked."""

    def candidates(self, frame: Frame, prompt: Prompt) -> tuple[Mask, ...]:
        """Return all masks that it proposes for a prompt, as `segment_frame` takes it."""
        return self.segment_frame(frame, [prompt]).masks

    def propose(self, frame: Frame, prompt: Prompt) -> tuple[Mask, ...]:
        """Return masks by a single quick run, where the engine can, for `everything`.

        Args:
            frame: the image.
            prompt: a point with an ROI size; with `previous`, the mask that is looked at again.

        """
        return self.candidates(frame, prompt)

    def begin(self) -> None:  # noqa: B027 - most remember nothing of prompts
        """Forget the prompts of earlier frames: those that come belong to another film."""

    @abstractmethod
    def close(self) -> None:
        """Release everything; a second call does nothing."""

    def interrupt(self, interrupted: bool = True) -> None:
        """Let a call in another thread end after its present run, until this gets False.

        `segment_frame` leaves the rest unanswered; `open` raises EngineError where it waits.
        """
        self.interrupted = interrupted

    def set_work_limit(self, limit: WorkLimit) -> None:
        """Let it decide how far the next calls of `segment_frame` go."""
        self.work_limit = limit

    def check(self, prompt: Prompt) -> None:
        """Raise GivenUp if the work on a prompt ends here; called between two runs."""
        reason = INTERRUPTED if self.interrupted else self.work_limit.reason_to_stop(prompt)
        if reason:
            raise GivenUp(reason)

    def has_time(self) -> bool:
        """Whether there is time for a run that betters an answer."""
        return self.work_limit.has_time()

    def answer_each(
        self, prompts: Sequence[Prompt], answer: Callable[[Prompt], Mask]
    ) -> tuple[tuple[Mask, ...], tuple[Unanswered, ...]]:
        """Answer prompts one after another; return masks without specks, and what has none."""
        masks, left = [], []
        for prompt in prompts:
            try:
                reason = INTERRUPTED if self.interrupted else self.work_limit.reason_to_wait(prompt)
                if reason:
                    raise GivenUp(reason)
                masks.append(without_specks(answer(prompt)))
            except GivenUp as given_up:
                self._not_finite += isinstance(given_up, NotFinite)
                left.append(Unanswered(prompt, str(given_up)))
        return tuple(masks), tuple(left)

    def segment(self, image: Frame | npt.ArrayLike, prompts: Sequence[Prompt]) -> Segmentation:
        """Check prompts and answer them on an image.

        Args:
            image: a Frame, or what `Frame.from_array` takes: uint8 RGB, RGBA or grey.
            prompts: of distinct objects, in pixels of the image. A box is cut at its border.

        Raises:
            ImageError: the image has another shape or type.
            PromptError: no list of prompts was given, or more than MAX_PROMPTS_PER_CALL; a prompt
                is outside of the image, has more than MAX_POINTS points, or is of a kind that
                the engine does not take (see `capabilities`).
            EngineError: the engine is closed.

        """
        frame = as_frame(image)
        return self.segment_frame(frame, self.checked(frame, prompts))

    def checked(
        self, frame: Frame, prompts: Sequence[Prompt], max_points: int = MAX_POINTS
    ) -> list[Prompt]:
        """Return the prompts as they hold for a frame; raise PromptError, see `segment`."""
        if isinstance(prompts, Prompt):
            raise PromptError('a single prompt was given; give a list: [prompt]')
        if len(prompts) > MAX_PROMPTS_PER_CALL:
            raise PromptError(
                f'{len(prompts)} prompts were given in one call; allowed are up to '
                f'{MAX_PROMPTS_PER_CALL}: divide them among several calls'
            )
        return [self._checked(prompt, frame, max_points) for prompt in prompts]

    def _checked(self, prompt: Prompt, frame: Frame, max_points: int) -> Prompt:
        if not isinstance(prompt, Prompt):
            raise PromptError(
                f'{prompt!r} was given as a prompt; make one with Prompt.from_point(x, y) or '
                'Prompt.from_box(Box(x0, y0, x1, y1))'
            )
        prompt.check_points(max_points)
        self.capabilities.check(prompt, self.name)
        return prompt.fitted(frame.width, frame.height)[0]

    @property
    def _failures(self) -> dict[str, str]:
        """How often the network returned NaN or infinity, for `description`."""
        return {'answers not finite': str(self._not_finite)} if self._not_finite else {}

    def __enter__(self: Self) -> Self:  # noqa: PYI019 - typing.Self came with Python 3.11
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
