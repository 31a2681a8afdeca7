"""The doubted images in their order, and how each of them was answered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from picosam_ros.errors import ViewerError
from picosam_ros.labelling.decisions import Decision, Decisions, Key
from picosam_ros.labelling.labelled import Label, LabelledImage
from picosam_ros.review.project import Doubted

ACCEPTED, REJECTED, OPEN = 'accepted', 'rejected', ''

# The words of a doubt end where the figures of the single image begin.
_WORDS = re.compile(r'\D*')


class Queue:
    """Finds images and their labels, and takes answers; to be used from one thread.

    Images have their places in the queue, from 0 on, as names.

    Args:
        doubted: all images.
        decisions: of their file, which is open when the first answer is asked for.

    """

    def __init__(self, doubted: Sequence[Doubted], decisions: Decisions) -> None:
        self.doubted = doubted
        self._decisions = decisions
        self._places = {(one.recording, one.image.number): i for i, one in enumerate(doubted)}
        # Places whose answer changed, one after the other.
        self._changed: list[int] = []

    @cached_property
    def _known(self) -> dict[Key, Decision]:
        # At first use: by then the file is open, and nobody else writes to it.
        return self._read()

    def _read(self) -> dict[Key, Decision]:
        """Return the decisions that count, by image: none about other objects than are asked."""
        return {
            key: decision
            for key, decision in self._decisions.by_image().items()
            if key not in self._places or self._counts(key, decision)
        }

    def _counts(self, key: Key, decision: Decision) -> bool:
        """Whether a decision answers all doubts about an image, and is about no other objects."""
        image = self.doubted[self._places[key]].image
        if not decision.is_about(image.labels):
            return False
        return not (decision.accepted and image.with_labels(decision.labels).doubts)

    @property
    def changes(self) -> int:
        """How often an answer has changed since the queue was made."""
        return len(self._changed)

    @property
    def last_step(self) -> int:
        """The step that was made last, of those that count; 0 if there is none."""
        steps = self._decisions.steps
        return steps[-1] if steps else 0

    def find(self, recording: str, number: int) -> int:
        """Return the place of an image.

        Raises:
            ViewerError: it is not in the queue.

        """
        place = self._places.get((recording, number))
        if place is None:
            raise ViewerError(
                f'image {number} of recording {recording[:80]!r} is not in doubt; load the page '
                'again, it lists those that are'
            )
        return place

    def answer(self, place: int) -> str:
        """Return ACCEPTED, REJECTED, or OPEN."""
        decision = self._known.get(self._key(place))
        if decision is None:
            return OPEN
        return ACCEPTED if decision.accepted else REJECTED

    def labelled(self, place: int) -> LabelledImage:
        """Return an image with the labels that somebody accepted, else those that were found."""
        decision = self._known.get(self._key(place))
        image = self.doubted[place].image
        return image.with_labels(decision.labels) if decision and decision.accepted else image

    def answers(self, since: int = 0) -> dict[int, str]:
        """Return the answers that changed after `since` changes; 0 for all that are answered."""
        places = set(self._changed[since:])
        if not since:
            places |= {self._places[key] for key in self._known.keys() & self._places.keys()}
        return {place: self.answer(place) for place in sorted(places)}

    def accept(self, place: int, corrected: Iterable[Label] = ()) -> int:
        """Accept an image with its labels, of which some are corrected; return the step.

        Raises:
            OutputError: it cannot be written, and does not count.

        """
        return self._add([self._accepted(place, corrected)])

    def accept_alike(self, place: int, corrected: Iterable[Label] = ()) -> int:
        """Accept an image and those after it with no other doubts, in one step; return that.

        They end with the recording, or with the first image that has another doubt: of another
        object, or in other words. Those that were answered before stay as they were.

        An object that is not there is not there in all of them.

        Raises:
            ViewerError: a mask was corrected, which says nothing about the other images.
            OutputError: they cannot be written, and none counts.

        """
        given = tuple(corrected)
        if any(label.counts for label in given):
            raise ViewerError(
                'a corrected mask is of this image alone; accept the image by itself, and then '
                'those that follow'
            )
        return self._add([self._accepted(one, given) for one in self._alike(place)])

    def reject(self, place: int) -> int:
        """Reject an image; return the step. Raises OutputError: it cannot be written."""
        return self._add([Decision(*self._key(place), accepted=False)])

    def reject_alike(self, place: int) -> int:
        """Reject the images that `accept_alike` would accept; return the step.

        Raises:
            OutputError: they cannot be written, and none counts.

        """
        return self._add([Decision(*self._key(one), accepted=False) for one in self._alike(place)])

    def undo(self, step: int) -> list[int]:
        """Take a step back; return the places whose answer that was.

        Raises:
            ViewerError: it does not count.
            OutputError: it cannot be written; the step counts.

        """
        decisions = self._decisions.of_step(step)
        if not decisions:
            raise ViewerError(f'step {step} was taken back already, or never made')
        self._decisions.undo(step)
        self._known = self._read()
        return self._note(decisions)

    def _alike(self, place: int) -> Iterator[int]:
        """Yield a place, and those after it that are open and have no other doubts."""
        yield place
        recording, doubts = self.doubted[place].recording, _kinds(self.doubted[place].image)
        for other in range(place + 1, len(self.doubted)):
            one = self.doubted[other]
            if one.recording != recording or not _kinds(one.image) <= doubts:
                return
            if self.answer(other) == OPEN:
                yield other

    def _accepted(self, place: int, corrected: Iterable[Label]) -> Decision:
        labels = self.labelled(place).with_labels(corrected).labels
        # Who accepts a label has no doubt.
        certain = tuple(replace(label, doubt='') for label in labels)
        return Decision(*self._key(place), accepted=True, labels=certain)

    def _add(self, decisions: list[Decision]) -> int:
        step = self._decisions.add(decisions)
        self._known.update((one.key, one) for one in decisions)
        self._note(decisions)
        return step

    def _note(self, decisions: Iterable[Decision]) -> list[int]:
        # There may be decisions about images that are in doubt no more.
        places = [self._places[one.key] for one in decisions if one.key in self._places]
        self._changed += places
        return places

    def _key(self, place: int) -> Key:
        one = self.doubted[place]
        return one.recording, one.image.number


def _kinds(image: LabelledImage) -> frozenset[tuple[int, str]]:
    """Return the doubts of an image, by object, without the figures."""
    return frozenset(
        (label.object_id, _WORDS.match(label.doubt)[0])  # type: ignore[index]
        for label in image.labels
        if label.doubt
    )
