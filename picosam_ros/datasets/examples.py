"""The images of a project as examples for data sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from picosam_ros.datasets.base import Contents, Example
from picosam_ros.datasets.change import Change
from picosam_ros.datasets.split import note_on_split, split_of
from picosam_ros.labelling.decisions import Decision
from picosam_ros.labelling.labelled import LabelledImage
from picosam_ros.labelling.plan import PlannedRecording
from picosam_ros.labelling.project import Project
from picosam_ros.sequences.base import ImageSequence
from picosam_ros.sequences.open import open_sequence


def contents_of(project: Project) -> Contents:
    """Return what the data set of a project is about."""
    plan = project.plan
    paths = {recording.name: recording.path for recording in plan.recordings}
    return Contents(plan.names, paths, plan.polygons)


class Examples:
    """The labelled images of all recordings, in their order; iterate over it once.

    Args:
        project: all of it is labelled.
        progress: called with the number of images so far.

    Attributes:
        notes: sentences about what was left out though nothing is damaged.
        damage: the same of recordings that could not be read to their ends.

    """

    def __init__(self, project: Project, progress: Callable[[int], None]) -> None:
        self.notes: list[str] = []
        self.damage: list[str] = []
        self._project = project
        self._progress = progress
        self._decisions = project.decisions.by_image()

    def __iter__(self) -> Iterator[Example]:
        """Yield the examples. Raises PicosamError if a recording or a result cannot be read."""
        plan = self._project.plan
        names = [one.name for one in plan.recordings]
        splits = split_of(names, plan.validation)
        self.notes += filter(None, [note_on_split(names, plan.validation)])
        done = 0
        for recording in plan.recordings:
            for example in self._of(recording, splits[recording.name]):
                yield example
                done += 1
                self._progress(done)

    def _of(self, recording: PlannedRecording, split: str) -> Iterator[Example]:
        labelled = {image.number: image for image in self._project.labelled(recording)}
        change = Change(self._project.plan.change)
        with open_sequence(recording.path, recording.topic) as sequence:
            for image in sequence.images():
                if image.number not in labelled:
                    continue
                labels = _answered(self._decisions, recording.name, labelled[image.number])
                # An image without labels is not the last one that others are compared with.
                chosen = labels is not None and change.differs(image.frame.pixels, labels)
                yield Example(recording.name, split, image, labels, chosen)
            self._note(recording, sequence)

    def _note(self, recording: PlannedRecording, sequence: ImageSequence) -> None:
        self.notes += [f'{recording.name}: {note}' for note in sequence.notes]
        if sequence.refused:
            number, why = next(iter(sequence.refused.items()))
            self.notes.append(
                f'{recording.name}: {len(sequence.refused)} images are left out, the first is '
                f'image {number}: {why}'
            )
        if sequence.damage:
            self.damage.append(f'{recording.path} is damaged: {sequence.damage.rstrip(".")}')


def _answered(
    decisions: Mapping[tuple[str, int], Decision], name: str, image: LabelledImage
) -> LabelledImage | None:
    """Return the image with a person's decision; None if one is missing, or it was rejected."""
    decision = decisions.get((name, image.number))
    if decision is None:
        return None if image.doubts else image
    return image.with_labels(decision.labels) if decision.accepted else None
