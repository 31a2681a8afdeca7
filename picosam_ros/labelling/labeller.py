"""Follows the objects of one image through the images after it, or before it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

from picosam_ros.engines.base import Engine
from picosam_ros.errors import PromptError
from picosam_ros.frame import Pixels
from picosam_ros.labelling.doubts import Sighting, doubts_of, overlap
from picosam_ros.labelling.keys import Stretch
from picosam_ros.labelling.labelled import Label, LabelledImage
from picosam_ros.mask import encode_rle
from picosam_ros.results import PromptState, Result
from picosam_ros.segmenter import Segmenter
from picosam_ros.sequences.base import SequenceImage
from picosam_ros.tracking.track import Limits
from picosam_ros.tracking.tracker import Tracker

# A recording is looked at as a whole: an object that comes back after minutes is the same.
_PATIENCE = sys.maxsize


class Labeller:
    """Labels image after image, beginning with the one that the prompts are about.

    Args:
        engine: opened by the caller.
        stretches: of prompts about one image; each object is followed as far as its stretch goes.

    """

    def __init__(self, engine: Engine, stretches: Sequence[Stretch]) -> None:
        self._objects = {one.key.prompt.object_id: _Followed(one) for one in stretches}
        self._segmenter = Segmenter(
            engine,
            tracker=Tracker(Limits(patience=_PATIENCE)),
            initial=[one.key.prompt for one in stretches],
        )
        self._images: list[LabelledImage] = []

    def step(self, image: SequenceImage) -> None:
        """Label the next image.

        Raises:
            PromptError: it is the first one, and a prompt does not fit it.

        """
        for object_id, followed in self._objects.items():
            if self._images and not followed.covers(image.number):
                self._segmenter.prompts.remove(object_id)
        result = self._segmenter.step(image.frame)
        _check_started(result)
        frame = image.frame
        labels = [
            followed.label(result)
            for followed in self._objects.values()
            if followed.covers(image.number)
        ]
        self._images.append(
            LabelledImage(image.number, frame.stamp_ns, frame.width, frame.height, tuple(labels))
        )

    def finish(self) -> list[LabelledImage]:
        """Return the images with their doubts, in the order in which they were labelled."""
        doubts = {key: iter(one.doubts()) for key, one in self._objects.items()}
        return [
            image.with_labels(
                label.doubted(next(doubts[label.object_id])) for label in image.labels
            )
            for image in self._images
        ]


class _Followed:
    """What is known of one object."""

    def __init__(self, stretch: Stretch) -> None:
        self._stretch = stretch
        self._sightings: list[Sighting] = []
        self._last: Pixels | None = None
        self._lost = ''

    def covers(self, number: int) -> bool:
        """Whether an image is of the stretch."""
        end = self._stretch.end
        return self._stretch.first <= number and (end is None or number < end)

    def label(self, result: Result) -> Label:
        """Return the object's label in an image; its doubt is known only later."""
        key = self._stretch.key
        object_id = key.prompt.object_id
        for mask in result.masks:
            if mask.prompt.object_id == object_id and not mask.empty:
                inside = mask.to_image()
                self._see(mask.score, inside.view(np.uint8))
                counts = encode_rle(inside)['counts']
                return Label(object_id, key.name, counts, round(mask.score, 4))
        self._sightings.append(Sighting(reason=self._reason(result)))
        return Label(object_id, key.name)

    def doubts(self) -> list[str]:
        """Return the doubt of each label that was made."""
        return doubts_of(self._sightings)

    def _see(self, score: float, inside: Pixels) -> None:
        same = 1.0
        if self._last is not None and self._last.shape == inside.shape:
            same = overlap(self._last, inside)
        self._sightings.append(Sighting(score, same))
        self._last = inside

    def _reason(self, result: Result) -> str:
        object_id = self._stretch.key.prompt.object_id
        for answer in result.lost:
            if answer.object_id == object_id:
                self._lost = answer.reason
        told = [one for one in result.unanswered if one.prompt.object_id == object_id]
        return told[0].reason if told else self._lost or 'the network sees nothing there'


def _check_started(result: Result) -> None:
    for answer in result.started:
        if answer.state == PromptState.REFUSED:
            raise PromptError(f'object {answer.object_id}: {answer.reason}')
