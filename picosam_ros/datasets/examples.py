"""The images of a project as examples for data sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing

from picosam_ros.datasets.base import Contents, Example
from picosam_ros.datasets.change import Change
from picosam_ros.datasets.split import split_of
from picosam_ros.labelling.decisions import Decision
from picosam_ros.labelling.labelled import LabelledImage
from picosam_ros.labelling.plan import PlannedRecording
from picosam_ros.labelling.project import Project
from picosam_ros.sequences.open import open_sequence


def contents_of(project: Project) -> Contents:
    """Return what the data set of a project is about."""
    plan = project.plan
    paths = {recording.name: recording.path for recording in plan.recordings}
    return Contents(plan.names, paths, plan.polygons)


def examples_of(project: Project, progress: Callable[[int], None]) -> Iterator[Example]:
    """Yield the labelled images of all recordings, in their order.

    Args:
        project: all of it is labelled.
        progress: called with the number of images so far.

    Raises:
        PicosamError: a recording or a result cannot be read.

    """
    plan = project.plan
    splits = split_of([one.name for one in plan.recordings], plan.validation)
    done = 0
    for recording in plan.recordings:
        for example in _examples(project, recording, splits[recording.name]):
            yield example
            done += 1
            progress(done)


def _examples(project: Project, recording: PlannedRecording, split: str) -> Iterator[Example]:
    labelled = {image.number: image for image in project.labelled(recording)}
    change = Change(project.plan.change)
    decisions = project.decisions.by_image()
    with closing(open_sequence(recording.path, recording.topic)) as sequence:
        for image in sequence.images():
            if image.number not in labelled:
                continue
            labels = _answered(decisions, recording.name, labelled[image.number])
            # Of images without labels none is the last one that others are compared with.
            chosen = labels is not None and change.differs(image.frame.pixels)
            yield Example(recording.name, split, image, labels, chosen)


def _answered(
    decisions: Mapping[tuple[str, int], Decision], name: str, image: LabelledImage
) -> LabelledImage | None:
    """Return the image with a person's decision; None if one is missing, or it was rejected."""
    decision = decisions.get((name, image.number))
    if decision is None:
        return None if image.doubts else image
    return image.with_labels(decision.labels) if decision.accepted else None
