"""What a browser asks for; picosam_ros.viewer.parsing reads it from a message."""

from __future__ import annotations

from dataclasses import dataclass, replace

from picosam_ros.prompt import Box, Point, Prompt


@dataclass(frozen=True)
class Acknowledge:
    """A frame is drawn; `held` if the user delayed it (page frozen or hidden)."""

    number: int
    held: bool


@dataclass(frozen=True)
class FullImage:
    """A frame that the page shows is wanted at full size."""

    number: int


@dataclass(frozen=True)
class PromptRequest:
    """Points, a box, or a step to another size.

    Attributes:
        tag: chosen by the page; the answer has the same.
        object_id: 0 for a new object.
        points, box: one of them is there, but for a step.
        refine: whether it is about the mask that the object has.
        stamp_ns: of the image that was clicked into; 0 for the newest.
        size_step: 1 for the next larger object, -1 for the next smaller one, and so on.

    """

    tag: int
    object_id: int
    points: tuple[Point, ...]
    box: Box | None
    refine: bool
    stamp_ns: int
    size_step: int = 0

    def with_object_id(self, object_id: int) -> PromptRequest:
        """Return a copy for an object with an id."""
        return replace(self, object_id=object_id)


@dataclass(frozen=True)
class Remove:
    """An object is to be removed; `tag` as in PromptRequest."""

    tag: int
    object_id: int


@dataclass(frozen=True)
class Clear:
    """All objects are to be removed."""


@dataclass(frozen=True)
class PreviewRequest:
    """Masks on one image are asked for, of prompts or of all things; no object begins or changes.

    Attributes:
        tag: chosen by the page; the answer has the same.
        stamp_ns: of the image; it has to be one that is kept.
        prompts: their object ids are their places in the message, from 1 on; none where all things
            are looked for.
        budget_s: for how long these are looked for, in seconds; 0 where prompts are answered.

    """

    tag: int
    stamp_ns: int
    prompts: tuple[Prompt, ...] = ()
    budget_s: float = 0.0

    @property
    def everything(self) -> bool:
        """Whether all things are looked for."""
        return self.budget_s > 0


@dataclass(frozen=True)
class NextScene:
    """The camera is to show the next of its scenes."""


@dataclass(frozen=True)
class ShowCamera:
    """The camera is to be shown again in the place of a picture."""


Request = (
    Acknowledge
    | FullImage
    | PromptRequest
    | Remove
    | Clear
    | PreviewRequest
    | NextScene
    | ShowCamera
)
