"""The prompts that were given on the page so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from picosam_ros.errors import PromptError
from picosam_ros.labelling.keys import KeyPrompt
from picosam_ros.labelling.prompt_file import ALL, PlacedPrompt
from picosam_ros.prompt import LAST_ID, Box, Point, Prompt
from picosam_ros.prompts.box_ids import lowest_id


@dataclass(frozen=True)
class Pointed:
    """What a person points at an object with, in one image of a recording.

    Attributes:
        recording, image: name and number.
        object_id: 0 for a new object.
        name: of the class of a new object; another one keeps its own.
        points: all of them.
        box: of the object, or None.
        everywhere: whether it is for this image of all recordings.

    """

    recording: str
    image: int
    object_id: int
    name: str
    points: tuple[Point, ...]
    box: Box | None
    everywhere: bool = False


@dataclass(frozen=True)
class Prompts:
    """Prompts of recordings; what changes them returns others.

    Attributes:
        totals: images of each recording by its name; 0 if that is not known.
        placed: in the order in which they were given.

    """

    totals: Mapping[str, int]
    placed: tuple[PlacedPrompt, ...] = ()

    def at(self, recording: str, image: int) -> tuple[PlacedPrompt, ...]:
        """Return the prompts that are for an image, those of all recordings, too."""
        self._check_image(recording, image)
        return tuple(one for one in self.placed if _covers(one, recording, image))

    def find(self, object_id: int, recording: str, image: int) -> PlacedPrompt | None:
        """Return the prompt of an object for an image, if there is one."""
        here = self.at(recording, image)
        return next((one for one in here if one.key.prompt.object_id == object_id), None)

    def to_placed(self, pointed: Pointed) -> PlacedPrompt:
        """Return a prompt as it is kept; it takes the place of `find`.

        Raises:
            PromptError: it points at nothing, the object is not there, no id is free, or the
                recording has no such image.

        """
        known = self.find(pointed.object_id, pointed.recording, pointed.image)
        object_id = pointed.object_id or self._free_id()
        name = self._name_of(pointed.object_id) if pointed.object_id else pointed.name
        before = known.key.prompt if known else Prompt.from_point(0, 0, object_id=object_id)
        prompt = replace(before, points=pointed.points, box=pointed.box)
        pattern = known.recording if known else pointed.recording
        if pointed.everywhere or pattern == ALL:
            pattern = ALL if pointed.everywhere else pointed.recording
        return PlacedPrompt(KeyPrompt(pointed.image, prompt, name), pattern)

    def put(self, placed: PlacedPrompt, before: PlacedPrompt | None) -> Prompts:
        """Return them with a prompt, in the place of another one or at the end.

        Raises:
            PromptError: the object has another prompt in that image, or a recording has no such
                image.

        """
        others = [one for one in self.placed if one is not before]
        self._check(placed, others)
        if before is None:
            return replace(self, placed=(*others, placed))
        return replace(self, placed=_with(self.placed, before, placed))

    def with_scope(
        self, object_id: int, pattern: str, image: int, recording: str, *, everywhere: bool
    ) -> Prompts:
        """Return them with a prompt for all recordings, or for one. Raises as `put` does."""
        before = self._exactly(object_id, pattern, image)
        self._check_image(recording, image)
        return self.put(replace(before, recording=ALL if everywhere else recording), before)

    def renamed(self, object_id: int, name: str) -> Prompts:
        """Return them with another name for an object. Raises PromptError if it is not there."""
        self._name_of(object_id)
        return replace(
            self,
            placed=tuple(
                replace(one, key=replace(one.key, name=name)) if _is(one, object_id) else one
                for one in self.placed
            ),
        )

    def without(self, object_id: int) -> Prompts:
        """Return them without an object. Raises PromptError if it is not there."""
        self._name_of(object_id)
        return replace(self, placed=tuple(one for one in self.placed if not _is(one, object_id)))

    def without_prompt(self, object_id: int, pattern: str, image: int) -> Prompts:
        """Return them without one prompt. Raises PromptError if it is not there."""
        gone = self._exactly(object_id, pattern, image)
        return replace(self, placed=tuple(one for one in self.placed if one is not gone))

    def _exactly(self, object_id: int, pattern: str, image: int) -> PlacedPrompt:
        for one in self.placed:
            if _is(one, object_id) and (one.recording, one.key.image) == (pattern, image):
                return one
        raise PromptError(
            f'object {object_id} has no prompt in image {image} of {pattern[:80]!r}; load the page '
            'again, it lists those that are there'
        )

    def _name_of(self, object_id: int) -> str:
        for one in self.placed:
            if _is(one, object_id):
                return one.key.name
        raise PromptError(
            f'object {object_id} is not there; click without a selected object for a new one'
        )

    def _free_id(self) -> int:
        if not (found := lowest_id({one.key.prompt.object_id for one in self.placed})):
            raise PromptError(
                f'there are {LAST_ID} objects, which is the most; label these, and others in a '
                'second run with another folder'
            )
        return found

    def _check(self, placed: PlacedPrompt, others: Iterable[PlacedPrompt]) -> None:
        object_id, image = placed.key.prompt.object_id, placed.key.image
        for name in self.totals:
            if not _covers(placed, name, image):
                continue
            self._check_image(name, image)
            if any(_is(one, object_id) and _covers(one, name, image) for one in others):
                raise PromptError(
                    f'object {object_id} has another prompt in image {image} of {name}; remove '
                    'that one first'
                )

    def _check_image(self, recording: str, image: int) -> None:
        if recording not in self.totals:
            raise PromptError(
                f'recording {recording[:80]!r} is none of those that are labelled; load the page '
                'again, it lists them'
            )
        total = self.totals[recording]
        if total and image >= total:
            raise PromptError(
                f'image {image} was given; recording {recording} has images 0 to {total - 1}'
            )


def _is(placed: PlacedPrompt, object_id: int) -> bool:
    return placed.key.prompt.object_id == object_id


def _covers(placed: PlacedPrompt, recording: str, image: int) -> bool:
    return placed.key.image == image and fnmatchcase(recording, placed.recording)


def _with(
    placed: tuple[PlacedPrompt, ...], before: PlacedPrompt, after: PlacedPrompt
) -> tuple[PlacedPrompt, ...]:
    return tuple(after if one is before else one for one in placed)
