"""Follows the objects of one image through the images after it, or before it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from picosam_ros.engines.base import Engine
from picosam_ros.errors import PromptError
from picosam_ros.frame import Frame
from picosam_ros.labelling.doubts import doubt_of_score, not_seen
from picosam_ros.labelling.keys import Stretch
from picosam_ros.labelling.labelled import Label, LabelledImage
from picosam_ros.mask import encode_rle
from picosam_ros.prompt import LAST_ID
from picosam_ros.results import PromptState, Result
from picosam_ros.segmenter import Segmenter
from picosam_ros.sequences.base import SequenceImage
from picosam_ros.tracking.track import Limits
from picosam_ros.tracking.tracker import Tracker

# A recording is looked at as a whole: an object that comes back after minutes is the same.
LIMITS = Limits(patience=sys.maxsize)


class Labeller:
    """Labels image after image, beginning with the one that the prompts are about.

    Args:
        engine: opened by the caller.
        stretches: of prompts about one image; each object is followed as far as its stretch goes.

    Attributes:
        images: that are labelled, in the order in which they were given.

    """

    def __init__(self, engine: Engine, stretches: Sequence[Stretch]) -> None:
        self.images: list[LabelledImage] = []
        self._objects = {one.key.prompt.object_id: _Followed(one) for one in stretches}
        # Of another recording it knows prompts with the same ids.
        engine.begin()
        self._segmenter = Segmenter(
            engine,
            tracker=Tracker(LIMITS),
            initial=[one.key.prompt for one in stretches],
            max_prompts=LAST_ID,
        )

    def step(self, image: SequenceImage) -> None:
        """Label the next image.

        Raises:
            PromptError: it is the first one, and a prompt does not fit it.

        """
        here = {key: one for key, one in self._objects.items() if one.covers(image.number)}
        if self.images:
            for object_id in self._objects.keys() - here.keys():
                self._segmenter.prompts.remove(object_id)
        result = self._segmenter.step(image.frame)
        _check_started(result)
        labels = tuple(one.label(result) for one in here.values())
        self.images.append(labelled_image(image, labels))


class _Followed:
    """What is known of one object."""

    def __init__(self, stretch: Stretch) -> None:
        self._stretch = stretch
        self._lost = ''

    def covers(self, number: int) -> bool:
        """Whether an image is of the stretch."""
        end = self._stretch.end
        return self._stretch.first <= number and (end is None or number < end)

    def label(self, result: Result) -> Label:
        """Return the object's label in an image."""
        key = self._stretch.key
        found = label_in(result, key.prompt.object_id, key.name)
        if found is None:
            return Label(key.prompt.object_id, key.name, doubt=not_seen(self._reason(result)))
        return found.doubted(doubt_of_score(found.score))

    def _reason(self, result: Result) -> str:
        object_id = self._stretch.key.prompt.object_id
        for answer in result.lost:
            if answer.object_id == object_id:
                self._lost = answer.reason
        told = [one for one in result.unanswered if one.prompt.object_id == object_id]
        return told[0].reason if told else self._lost or 'the network sees nothing there'


def label_in(result: Result, object_id: int, name: str) -> Label | None:
    """Return the label of an object in a result, without doubt; None if it has no mask."""
    for mask in result.masks:
        if mask.prompt.object_id == object_id and not mask.empty:
            counts = encode_rle(mask.to_image())['counts']
            return Label(object_id, name, counts, round(mask.score, 4))
    return None


def labelled_image(image: SequenceImage, labels: tuple[Label, ...]) -> LabelledImage:
    """Return the labels of an image, in the order of their ids."""
    frame: Frame = image.frame
    ordered = tuple(sorted(labels, key=lambda label: label.object_id))
    return LabelledImage(image.number, frame.stamp_ns, frame.width, frame.height, ordered)


def _check_started(result: Result) -> None:
    for answer in result.started:
        if answer.state == PromptState.REFUSED:
            raise PromptError(f'object {answer.object_id}: {answer.reason}')
