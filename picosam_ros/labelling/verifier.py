"""Follows objects back to their prompts: only masks that lead there are believed.

The check is that of forward-backward errors (Kalal, Mikolajczyk and Matas, "Forward-backward error:
automatic detection of tracking failures", ICPR 2010), with masks in the place of points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from picosam_ros.engines.base import Engine
from picosam_ros.frame import Pixels
from picosam_ros.labelling.doubts import AGREES, ASTRAY, doubt_of_score, overlap
from picosam_ros.labelling.labelled import Label, LabelledImage
from picosam_ros.labelling.labeller import LIMITS, label_in
from picosam_ros.prompt import LAST_ID, PreviousMask, Prompt
from picosam_ros.results import Result
from picosam_ros.roi import Roi
from picosam_ros.segmenter import Segmenter
from picosam_ros.sequences.base import SequenceImage
from picosam_ros.tracking.tracker import Tracker

# Images in a row in which the way back may differ: a mask that is wrong once does not end it.
LOOK_ON = 10
# Of a mask that was decided, as the network writes it: certain, but no more than it ever is.
_CERTAIN = 6.0


class Verifier:
    """Goes back through labelled images, and doubts the masks that do not lead to the prompt.

    An object that was out of sight on the way there, and is seen on the way back, gets its mask
    from there.

    Args:
        engine: opened by the caller.
        images: labelled, in the order in which they were followed; the first has the prompts.

    """

    def __init__(self, engine: Engine, images: Sequence[LabelledImage]) -> None:
        self._images = list(images)
        self._indices = {image.number: index for index, image in enumerate(self._images)}
        self._ways: dict[int, _WayBack] = {}
        engine.begin()
        self._segmenter = Segmenter(engine, tracker=Tracker(LIMITS), max_prompts=LAST_ID)

    def step(self, image: SequenceImage) -> None:
        """Go back to an image; they come in the order opposite to that of the labels."""
        index = self._indices[image.number]
        labels = self._images[index].labels
        begun = [label for label in labels if label.counts and self._way(label).at_end]
        self._segmenter.prompts.fit(image.frame.width, image.frame.height)
        for label in begun:
            self._segmenter.prompts.put(_prompt(label, self._images[index]))
        result = self._segmenter.step(image.frame)
        for label in labels:
            self._way(label).compare(index, label, result)

    def finish(self) -> list[LabelledImage]:
        """Return the images in the order in which they were given, with all doubts."""
        return [
            image.with_labels(self._way(label).answer(index, label) for label in image.labels)
            for index, image in enumerate(self._images)
        ]

    def _way(self, label: Label) -> _WayBack:
        return self._ways.setdefault(label.object_id, _WayBack())


@dataclass
class _WayBack:
    """One object's way from where it was seen last.

    Attributes:
        at_end: whether the way begins anew with the next mask.
        agreed: indices of the images in which both ways show the same, since the beginning.
        filled: labels in images in which the way there shows nothing, since the beginning.
        proposed: the same of ways that led nowhere.
        missed: images in a row in which the two differ.

    """

    at_end: bool = True
    agreed: set[int] = field(default_factory=set)
    filled: dict[int, Label] = field(default_factory=dict)
    proposed: dict[int, Label] = field(default_factory=dict)
    missed: int = 0

    def compare(self, index: int, there: Label, result: Result) -> None:
        """Note what the way back shows of the object in an image, beside the way there."""
        if self.at_end and not there.counts:
            return
        self.at_end = False
        back = label_in(result, there.object_id, there.name)
        size = result.frame.width, result.frame.height
        if not there.counts:
            if back is not None:
                self.filled[index] = back.doubted(doubt_of_score(back.score))
        elif back is not None and overlap(there.to_image(*size), back.to_image(*size)) >= AGREES:
            self.agreed.add(index)
            self.missed = 0
        else:
            self._miss()

    def answer(self, index: int, there: Label) -> Label:
        """Return the label of an image in the light of both ways, at the end of the way back."""
        arrived = 0 in self.agreed
        if not there.counts:
            if arrived and index in self.filled:
                return self.filled[index]
            proposal = self.proposed.get(index)
            return replace(proposal, doubt=there.doubt) if proposal else there
        if arrived and index in self.agreed:
            return there
        return there.doubted(there.doubt or ASTRAY)

    def _miss(self) -> None:
        self.missed += 1
        if self.missed > LOOK_ON:
            self.proposed.update(self.filled)
            self.at_end, self.missed = True, 0
            self.agreed, self.filled = set(), {}


def _prompt(label: Label, image: LabelledImage) -> Prompt:
    """Return a prompt that shows the network the object's mask."""
    inside: Pixels = label.to_image(image.width, image.height)
    logits = np.where(inside, np.float32(_CERTAIN), np.float32(-_CERTAIN))
    previous = PreviousMask(np.ascontiguousarray(logits), Roi(0, 0, image.width, image.height))
    return Prompt(object_id=label.object_id, previous=previous)
