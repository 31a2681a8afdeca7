"""The images of a project as examples for data sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

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
        images: that are labelled, so far.
        doubted: those of them that have a doubt, answered or not.
        waiting: images that wait for a person's answer, by recording.
        rejected: images that a person rejected.

    """

    def __init__(self, project: Project, progress: Callable[[int], None]) -> None:
        self.notes: list[str] = []
        self.damage: list[str] = []
        self.images = self.doubted = 0
        self.waiting: Counter[str] = Counter()
        self.rejected = 0
        self._plan = project.plan
        self._project = project
        self._progress = progress
        # By the name of a class: the splits that show it.
        self._shown: dict[str, set[str]] = {name: set() for name in project.plan.names}

    def __iter__(self) -> Iterator[Example]:
        """Yield the examples. Raises PicosamError if a recording or a result cannot be read."""
        names = [one.name for one in self._plan.recordings]
        splits = split_of(names, self._plan.validation)
        done = 0
        for recording in self._plan.recordings:
            for example in self._of(recording, splits[recording.name]):
                yield example
                done += 1
                self._progress(done)
        alone = note_on_split(names, self._plan.validation)
        self.notes += [alone] if alone else self._notes_on_classes(set(splits.values()))

    def _of(self, recording: PlannedRecording, split: str) -> Iterator[Example]:
        labelled = {image.number: image for image in self._project.labelled(recording)}
        self.images += len(labelled)
        self.doubted += sum(bool(image.doubts) for image in labelled.values())
        decisions = self._project.decisions_about(recording)
        change = Change(self._plan.change)
        with open_sequence(recording.path, recording.topic) as sequence:
            for image in sequence.images():
                if image.number not in labelled:
                    continue
                decision = decisions.get(image.number)
                labels = self._answered(recording, labelled[image.number], decision)
                # An image without labels is not the last one that others are compared with.
                chosen = labels is not None and change.differs(image.frame.pixels, labels)
                if chosen and labels is not None:
                    for label in labels.seen:
                        self._shown[label.name].add(split)
                yield Example(recording.name, split, image, labels, chosen)
            self._note(recording, sequence)
        about_others = self._project.count_decisions(recording) - len(decisions)
        if about_others:
            self.notes.append(
                f'{recording.name}: {about_others} answers of a review were about other objects, '
                'and do not count'
            )

    def _answered(
        self, recording: PlannedRecording, image: LabelledImage, decision: Decision | None
    ) -> LabelledImage | None:
        """Return the image as a person answered it; None if it waits, or was rejected."""
        if decision is not None and not decision.accepted:
            self.rejected += 1
            return None
        answered = image.with_labels(decision.labels) if decision else image
        if answered.doubts:
            self.waiting[recording.name] += 1
            return None
        return answered

    def _note(self, recording: PlannedRecording, sequence: ImageSequence) -> None:
        self.notes += [f'{recording.name}: {note}' for note in sequence.notes]
        if sequence.refused:
            number, why = next(iter(sequence.refused.items()))
            count = len(sequence.refused)
            images = f'{count} images are left out' if count > 1 else '1 image is left out'
            self.notes.append(
                f'{recording.name}: {images}, the first is image {number}: {why}'
                if count > 1
                else f'{recording.name}: {images}, image {number}: {why}'
            )
        if sequence.damage:
            self.damage.append(f'{recording.path} is damaged: {sequence.damage.rstrip(".")}')

    def _notes_on_classes(self, splits: set[str]) -> Iterator[str]:
        for name, shown in self._shown.items():
            if not shown:
                yield f'{name}: the data sets have no mask of it'
            elif missing := splits - shown:
                yield (
                    f'{name}: no image of it is for {missing.pop()}; give another recording that '
                    'shows it, or --validation 0'
                )
