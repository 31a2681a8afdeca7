"""What the page needs of the folder that the labeller writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from picosam_ros.labelling.decisions import Decisions
from picosam_ros.labelling.job import EngineChoice
from picosam_ros.labelling.labelled import LabelledImage
from picosam_ros.sequences.base import ImageSequence


@dataclass(frozen=True)
class Doubted:
    """An image that a person should look at: one of its labels has a doubt, at least.

    Attributes:
        recording: its name, see Example.recording.
        image: with the labels that the labeller found.

    """

    recording: str
    image: LabelledImage


class ReviewProject(Protocol):
    """A labelled project.

    Attributes:
        title: for the page, such as the name of its folder.
        doubted: in the order in which they are looked at; answered ones, too.
        decisions: a person's, of their file, which is not open.
        engine: that computes corrections.

    """

    title: str
    doubted: Sequence[Doubted]
    decisions: Decisions
    engine: EngineChoice

    def open_sequence(self, recording: str) -> ImageSequence:
        """Open the images of a recording; who asks for them closes them, in the same thread.

        Raises:
            PicosamError: they cannot be read.

        """
