"""What a Segmenter gives back: an answer for every prompt, a result for every frame."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from picosam_ros.engines.base import Correction, Unanswered
from picosam_ros.frame import Frame
from picosam_ros.latency import Timing
from picosam_ros.mask import Mask


class State(IntEnum):
    """What became of a prompt; the values of PromptStatus.msg."""

    ACCEPTED = 0
    CLAMPED = 1
    REFUSED = 2
    LOST = 3


@dataclass(frozen=True)
class Answer:
    """Every prompt gets one. `generation` is 0 if it was refused."""

    object_id: int
    state: State
    reason: str = ''
    generation: int = 0


@dataclass(frozen=True)
class Result:
    """The masks of one frame.

    Attributes:
        frame: the frame that they were computed from; its header is theirs.
        masks: one for each prompt that was answered.
        unanswered: prompts that the engine could not answer for this frame, or whose mask does
            not show the object any more.
        lost: prompts that ended with this frame.
        timing: the engine's stages.
        started: answers to the prompts that waited for the first frame, which this one is.
        corrections: better masks of earlier frames.

    """

    frame: Frame
    masks: tuple[Mask, ...]
    unanswered: tuple[Unanswered, ...]
    lost: tuple[Answer, ...]
    timing: Timing
    started: tuple[Answer, ...] = ()
    corrections: tuple[Correction, ...] = ()
