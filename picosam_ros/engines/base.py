"""What every engine can do for the Segmenter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol

from picosam_ros.errors import PromptError
from picosam_ros.frame import Frame
from picosam_ros.latency import Timing
from picosam_ros.mask import Mask
from picosam_ros.prompt import Prompt
from picosam_ros.roi import Affine


@dataclass(frozen=True)
class Capabilities:
    """What kinds of prompts an engine answers."""

    negative_points: bool
    boxes: bool
    boxes_with_points: bool

    def check(self, prompt: Prompt, engine: str) -> None:
        """Raise PromptError if the engine cannot do what the prompt asks."""
        if not self.negative_points and any(not point.positive for point in prompt.points):
            raise PromptError(self._sentence(engine, 'negative points'))
        if not self.boxes and prompt.box is not None:
            raise PromptError(self._sentence(engine, 'boxes'))
        if not self.boxes_with_points and prompt.box is not None and prompt.points:
            raise PromptError(self._sentence(engine, 'a box together with points'))

    def _sentence(self, engine: str, what: str) -> str:
        can = ['positive points']
        can += ['negative points'] * self.negative_points
        can += ['boxes'] * self.boxes
        can += ['boxes with points'] * self.boxes_with_points
        return f'engine {engine!r} does not take {what}; it takes {", ".join(can)}'


@dataclass(frozen=True)
class Unanswered:
    """A prompt that the engine could not answer for this frame: not the same as an empty mask."""

    prompt: Prompt
    reason: str


@dataclass(frozen=True)
class Correction:
    """A better mask of an earlier frame, which came late.

    Attributes:
        frame: the earlier one.
        mask: of that frame.
        since: how its object moved: image pixels of that frame to those of the present one.
        by_user: it answers the user's own prompt, and not one that was derived from masks.

    """

    frame: Frame
    mask: Mask
    since: Affine
    by_user: bool


@dataclass(frozen=True)
class Segmentation:
    """What an engine says about one frame; iterates over the masks, in the prompts' order.

    Attributes:
        masks: one for each prompt that was answered.
        unanswered: the others.
        timing: the engine's own stages.
        corrections: better masks of earlier frames.

    """

    masks: tuple[Mask, ...]
    unanswered: tuple[Unanswered, ...] = ()
    timing: Timing = field(default_factory=Timing)
    corrections: tuple[Correction, ...] = ()

    def __iter__(self) -> Iterator[Mask]:
        return iter(self.masks)

    def __len__(self) -> int:
        return len(self.masks)


class Engine(Protocol):
    """Turns a frame and prompts into masks. Used by one thread at a time.

    Attributes:
        name: one word.
        auto_share: side of the square for a click without an ROI size, as a share of the image's
            short side, 0 to search for it where the engine can; it may change between two frames.

    """

    name: str
    auto_share: float

    @property
    def capabilities(self) -> Capabilities:
        """What kinds of prompts it answers."""

    @property
    def description(self) -> dict[str, str]:
        """What a diagnostics page shows of it: model, hash, licence, runtime."""

    @property
    def warning(self) -> str:
        """What works only in part now, in a sentence; empty if all is well."""

    def open(self) -> None:
        """Load and warm up. Raises ModelError or EngineError; a second call does nothing."""

    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> Segmentation:
        """Answer prompts that lie on the frame and that the capabilities allow."""

    def close(self) -> None:
        """Release everything; a second call does nothing."""

    def __enter__(self) -> Engine: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class EngineContext:
    """`with` for engines: open on entry, close on exit."""

    def __enter__(self):  # type: ignore[no-untyped-def]
        self.open()  # type: ignore[attr-defined]
        return self

    def __exit__(self, *_: object) -> None:
        self.close()  # type: ignore[attr-defined]
