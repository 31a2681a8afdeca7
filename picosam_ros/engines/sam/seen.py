"""The picture that was embedded last, and what was answered on it."""

from __future__ import annotations

import weakref

import numpy as np
import numpy.typing as npt

from picosam_ros.engines.sam.networks import Embedding
from picosam_ros.frame import Frame
from picosam_ros.prompt import Prompt


class Seen:
    """One picture.

    Attributes:
        embedding: of the picture.

    """

    def __init__(self, frame: Frame, embedding: Embedding) -> None:
        self.embedding = embedding
        # Not the pixels themselves: they may be a camera's memory, which it wants back.
        self._pixels = weakref.ref(frame.pixels)
        self._stamp_ns = frame.stamp_ns
        self._answers: dict[int, tuple[Prompt, npt.NDArray[np.float32]]] = {}

    def is_of(self, frame: Frame) -> bool:
        """Whether that is the same picture: the same pixels, captured at the same time."""
        return self._pixels() is frame.pixels and self._stamp_ns == frame.stamp_ns

    def remember(self, prompt: Prompt, logits: npt.NDArray[np.float32]) -> None:
        """Keep the mask of the whole square, n×n, that answered a prompt."""
        self._answers[prompt.object_id] = prompt, logits

    def refined_by(self, prompt: Prompt) -> npt.NDArray[np.float32] | None:
        """The mask to start from: of a prompt of the same object that this one adds points to."""
        earlier, logits = self._answers.get(prompt.object_id, (prompt, None))
        count = len(earlier.points)
        grows = len(prompt.points) > count and prompt.points[:count] == earlier.points
        return logits if grows and prompt.box == earlier.box else None
