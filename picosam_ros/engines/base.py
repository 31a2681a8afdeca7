"""What every engine can do for the Segmenter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, runtime_checkable

from picosam_ros.errors import PromptError
from picosam_ros.frame import Frame
from picosam_ros.prompt import Prompt
from picosam_ros.results import Segmentation
from picosam_ros.roi import Roi


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


@runtime_checkable
class RoiPlacer(Protocol):
    """A camera whose sensor looks where it is told."""

    def look_at(self, roi: Roi) -> int:
        """Place the ROI, given in image pixels, and return the ticket of this request.

        The sensor has no pixels beyond its border, and no fractions of them: the ROI is shifted
        inside and rounded, and `SensorOutput.roi` tells what became of it. Frames show the effect
        some frames later; until then they carry no output.

        Raises:
            CameraError: the driver refused it.

        """


class Engine(Protocol):
    """Turns a frame and prompts into masks. Used by one thread at a time.

    Attributes:
        name: one word.

    """

    name: str

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
