"""What engines and the Segmenter return: masks, what was not answered, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from picosam_ros.frame import Frame
from picosam_ros.latency import Timing
from picosam_ros.mask import Mask
from picosam_ros.prompt import Prompt
from picosam_ros.roi import Affine


class PromptState(IntEnum):
    """What became of a prompt; the values of PromptStatus.msg."""

    ACCEPTED = 0
    CLAMPED = 1
    REFUSED = 2
    LOST = 3


@dataclass(frozen=True)
class Answer:
    """Every prompt gets one. `generation` is 0 if it was refused."""

    object_id: int
    state: PromptState
    reason: str = ''
    generation: int = 0


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


@dataclass(frozen=True, repr=False)
class Segmentation:
    """An engine's answer for one frame; iterates over the masks, in the prompts' order.

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

    def __repr__(self) -> str:
        return f'Segmentation({_objects(self.masks, self.unanswered)})'

    def __iter__(self) -> Iterator[Mask]:
        return iter(self.masks)

    def __len__(self) -> int:
        return len(self.masks)


@dataclass(frozen=True, repr=False)
class Result:
    """The masks of one frame.

    Attributes:
        frame: the frame that they were computed from; its header is theirs.
        masks: one for each prompt that was answered.
        unanswered: prompts that the engine could not answer for this frame, or whose mask does
            not show the object any more.
        lost: prompts that ended with this frame.
        timing: the engine's stages.
        started: answers to the Segmenter's initial prompts: with the first frame.
        late: whether the frame is an earlier one than the Segmenter was asked about; `masks` are
            then those alone that came late.

    """

    frame: Frame
    masks: tuple[Mask, ...]
    unanswered: tuple[Unanswered, ...] = ()
    lost: tuple[Answer, ...] = ()
    timing: Timing = field(default_factory=Timing)
    started: tuple[Answer, ...] = ()
    late: bool = False

    def __repr__(self) -> str:
        return f'Result({self.frame}, {_objects(self.masks, self.unanswered)})'


def _objects(masks: tuple[Mask, ...], unanswered: tuple[Unanswered, ...]) -> str:
    answered = [mask.prompt.object_id for mask in masks]
    return f'masks={answered}, unanswered={[one.prompt.object_id for one in unanswered]}'
