"""Key prompts from the boxes that a detector or a person has drawn in many images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from picosam_ros.errors import PromptError
from picosam_ros.labelling.keys import DEFAULT_NAME, KeyPrompt
from picosam_ros.prompt import LAST_ID, Box, Prompt
from picosam_ros.prompts.box_ids import continued, id_of, lowest_id

# A detector may miss an object without a track in as many images; after that it is another one.
_MISSED = 30


@dataclass(frozen=True)
class FoundBox:
    """A box in one image.

    Attributes:
        where: what notes and errors call it.
        box: in pixels.
        name: of its class.
        track: the id of the object in the detector's words; empty if it gives none.

    """

    where: str
    box: Box
    name: str = DEFAULT_NAME
    track: str = ''


@dataclass(frozen=True)
class BoxPrompts:
    """The prompts that boxes gave, by image, and sentences about what was left out."""

    keys: tuple[KeyPrompt, ...]
    notes: tuple[str, ...]


class Notes:
    """Counts what is left out, by kind, and names the first of each kind."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def add(self, kind: str, first: str) -> None:
        """Count one of a kind; `first` is told of the first one."""
        self._counts[kind] += 1
        self._first.setdefault(kind, first)

    @property
    def sentences(self) -> tuple[str, ...]:
        """One for each kind."""
        return tuple(
            f'{kind}: {count}; the first: {self._first[kind]}'
            for kind, count in self._counts.items()
        )


@dataclass
class _Object:
    id: int
    name: str
    box: Box
    seen: int
    prompted: int


class BoxKeys:
    """Makes key prompts of boxes, image by image.

    An object is that of a track, or goes on where a box of its class overlaps its last one. It is
    prompted where it begins, and then again every so many images: between them it is followed. A
    track that is a number from 1 to 254 is the id while that is free. No id is given to a second
    object.

    Attributes:
        keys: the prompts so far.

    Args:
        every: images from one prompt of an object to its next one.
        notes: where boxes that cannot be a prompt are counted.

    """

    def __init__(self, every: int, notes: Notes) -> None:
        self.keys: list[KeyPrompt] = []
        self._every = every
        self._notes = notes
        self._used: set[int] = set()
        self._tracks: dict[str, _Object] = {}
        self._trackless: list[_Object] = []
        self._last = 0

    def add(self, image: int, boxes: Sequence[FoundBox]) -> None:
        """Add the boxes of an image, whose number is higher than that of the ones before.

        Raises:
            PromptError: there are more objects than ids.

        """
        sound = self._sound(boxes)
        known = self._continued(image, sound)
        for index, found in enumerate(sound):
            one = self._tracks.get(found.track) or known.get(index) or self._begun(image, found)
            one.box, one.seen = found.box, image
            if image - one.prompted >= self._every:
                one.prompted = image
                prompt = Prompt.from_box(found.box, object_id=one.id)
                self.keys.append(KeyPrompt(image, prompt, one.name))
        self._last = image

    def _sound(self, boxes: Sequence[FoundBox]) -> list[FoundBox]:
        """Return those that can be a prompt, each track once."""
        sound, tracks = [], set()
        for found in boxes:
            try:
                Prompt.from_box(found.box)
            except PromptError as error:
                self._notes.add('boxes that are none', f'{found.where}: {error}')
                continue
            if found.track in tracks:
                told = f'{found.where}, {found.track!r}'
                self._notes.add('boxes whose track is in the image already', told)
                continue
            tracks.update({found.track} - {''})
            sound.append(found)
        return sound

    def _continued(self, image: int, boxes: Sequence[FoundBox]) -> dict[int, _Object]:
        """Return the objects without a track that are seen again, by the index of their box."""
        oldest = min(self._last, image - _MISSED)
        self._trackless = [one for one in self._trackless if one.seen >= oldest]
        objects = {one.id: one for one in self._trackless}
        found: dict[int, _Object] = {}
        for name in {each.name for each in boxes if not each.track}:
            fresh = {
                index: each.box
                for index, each in enumerate(boxes)
                if each.name == name and not each.track
            }
            known = [(one.id, one.box) for one in self._trackless if one.name == name]
            found |= {index: objects[old] for index, old in continued(fresh, known).items()}
        return found

    def _begun(self, image: int, found: FoundBox) -> _Object:
        wanted = id_of(found.track)
        number = wanted if wanted and wanted not in self._used else lowest_id(self._used)
        if not number:
            raise PromptError(
                f'{found.where} would begin one more object than the {LAST_ID} that a recording '
                'can have; raise the least score of a box, or label the recording in parts'
            )
        self._used.add(number)
        one = _Object(number, found.name, found.box, image, image - self._every)
        if found.track:
            self._tracks[found.track] = one
        else:
            self._trackless.append(one)
        return one
