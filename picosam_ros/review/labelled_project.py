"""The folder that `picosam label` made, as the page needs it."""

from __future__ import annotations

from collections.abc import Sequence

from picosam_ros.labelling.project import Project
from picosam_ros.labelling.prompt_doubts import ASK
from picosam_ros.review.project import Doubted
from picosam_ros.sequences.base import ImageSequence
from picosam_ros.sequences.open import open_sequence


def _asks(doubted: Doubted) -> bool:
    return any(label.doubt == ASK for label in doubted.image.labels)


class LabelledProject:
    """A ReviewProject.

    Args:
        project: that is open; all of it is labelled.

    Raises:
        OutputError: a result is missing or damaged.

    """

    def __init__(self, project: Project) -> None:
        self.title = project.out.resolve().name
        self.decisions = project.decisions
        self.engine = project.plan.engine
        doubted = [
            Doubted(recording.name, image)
            for recording in project.plan.recordings
            for image in project.labelled(recording)
            if image.doubts
        ]
        # Questions about prompts first: what comes from one that was not meant is all wrong.
        self.doubted: Sequence[Doubted] = sorted(doubted, key=lambda one: not _asks(one))
        self._recordings = {one.name: one for one in project.plan.recordings}

    def open_sequence(self, recording: str) -> ImageSequence:
        """Open the images of a recording. Raises PicosamError if they cannot be read."""
        planned = self._recordings[recording]
        return open_sequence(planned.path, planned.topic)
