"""What the page asks for, read from the bodies of its requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from picosam_ros.errors import ViewerError
from picosam_ros.label_pages.bodies import objects, text
from picosam_ros.labelling.labelled import Label, LabelledImage
from picosam_ros.prompt import FIRST_ID, MAX_POINTS, Point
from picosam_ros.viewer import fields

# A mask of a thousand parts has some 10 kB as run lengths.
LONGEST_COUNTS = 2**20


@dataclass(frozen=True)
class Changed:
    """A label as the page has it.

    Attributes:
        object_id: of the label.
        counts: see Label; empty where the object was removed.
        score: 0 to 1.

    """

    object_id: int
    counts: str
    score: float

    def on(self, image: LabelledImage) -> Label:
        """Return it as a label of an image.

        Raises:
            ViewerError: the image has no such object.
            DatasetError: the counts are no mask of the image's size.

        """
        known = {one.object_id: one for one in image.labels}
        if self.object_id not in known:
            raise ViewerError(
                f'object {self.object_id} was given; the image has {", ".join(map(str, known))}'
            )
        label = replace(known[self.object_id], counts=self.counts, score=self.score, doubt='')
        if label.counts:
            label.to_image(image.width, image.height)
        return label


@dataclass(frozen=True)
class Answer:
    """An image is accepted or rejected.

    Attributes:
        recording, number: of the image.
        accepted: whether it is used.
        changed: labels that were corrected, of an image that is used.
        alike: whether the answer is for the following images with no other doubts, too.

    """

    recording: str
    number: int
    accepted: bool
    changed: tuple[Changed, ...]
    alike: bool


@dataclass(frozen=True)
class Correction:
    """An object's mask is to agree with points, in pixels of the image."""

    recording: str
    number: int
    label: Changed
    points: tuple[Point, ...]


def read_answer(message: Mapping[str, Any]) -> Answer:
    """Return the answer to an image. Raises ViewerError if it is malformed."""
    return Answer(
        text(message, 'recording', 1000),
        fields.integer(message, 'number', fields.LARGEST),
        fields.flag(message, 'accepted', None),  # type: ignore[arg-type]
        tuple(_changed(one) for one in objects(message, 'labels', 254)),
        fields.flag(message, 'alike', False),
    )


def read_correction(message: Mapping[str, Any]) -> Correction:
    """Return what is to be corrected. Raises ViewerError if it is malformed."""
    points = tuple(fields.point(one) for one in objects(message, 'points', MAX_POINTS))
    if not points:
        raise ViewerError('no points were given; a correction has one at least')
    return Correction(
        text(message, 'recording', 1000),
        fields.integer(message, 'number', fields.LARGEST),
        _changed(message),
        points,
    )


def read_step(message: Mapping[str, Any]) -> int:
    """Return the step that is taken back. Raises ViewerError if it is malformed."""
    return fields.integer(message, 'step', fields.LARGEST, 1)


def _changed(message: Mapping[str, Any]) -> Changed:
    score = fields.number({'score': 0.0, **message}, 'score')
    return Changed(
        fields.object_id(message, FIRST_ID),
        text({'counts': '', **message}, 'counts', LONGEST_COUNTS),
        min(max(score, 0.0), 1.0),
    )
