"""Prompts for the images of recordings, as YAML: docs/label.md shows such a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from picosam_ros.errors import PromptError
from picosam_ros.labelling.keys import DEFAULT_NAME, KeyPrompt
from picosam_ros.prompt import FIRST_ID, LAST_ID, Prompt
from picosam_ros.prompts.box_ids import lowest_id
from picosam_ros.prompts.file import KEYS, read_entries, shown, to_prompt, whole

_KEYS = (*KEYS, 'name', 'image', 'recording')
# The pattern of all recordings.
ALL = '*'
# Names of recordings in an error.
_NAMED = 10


@dataclass(frozen=True)
class PlacedPrompt:
    """A prompt, and the recordings that it is for: the name of one, or a pattern."""

    key: KeyPrompt
    recording: str = ALL


@dataclass(frozen=True)
class _Entry:
    """An entry of the file; `where` is what errors call it. Its prompt has an id if `has_id`."""

    where: str
    prompt: Prompt
    has_id: bool
    name: str
    image: int
    recording: str


def read_key_prompts(
    path: str | Path, recordings: Sequence[str]
) -> dict[str, tuple[KeyPrompt, ...]]:
    """Read the prompts of each recording, in the order of the file; of some there may be none.

    Args:
        path: of the YAML file, whose prompts are in pixels of the images.
        recordings: their unique names, which the patterns of the file are about.

    Raises:
        PromptError: the file cannot be read, is no list of prompts, or an entry is wrong or of no
            recording; the sentence names its line.

    """
    entries = [_entry(where, entry) for where, entry in read_entries(path, _KEYS)]
    for entry in entries:
        if not any(fnmatchcase(name, entry.recording) for name in recordings):
            raise PromptError(
                f'{entry.where}: recording {entry.recording!r} is none of those that are given: '
                f'{_listed(recordings)}; write the name of one, or a pattern such as "kitchen_*"'
            )
    return {name: _keys(name, entries) for name in recordings}


def read_placed_prompts(path: str | Path, recordings: Sequence[str]) -> tuple[PlacedPrompt, ...]:
    """Read the entries of a file, each with an id; raises as `read_key_prompts` does."""
    read_key_prompts(path, recordings)
    entries = [_entry(where, entry) for where, entry in read_entries(path, _KEYS)]
    used = {entry.prompt.object_id for entry in entries if entry.has_id}
    placed = []
    for entry in entries:
        number = entry.prompt.object_id if entry.has_id else _free(entry.recording, entry, used)
        used.add(number)
        prompt = replace(entry.prompt, object_id=number)
        placed.append(PlacedPrompt(KeyPrompt(entry.image, prompt, entry.name), entry.recording))
    return tuple(placed)


def _entry(where: str, entry: dict[str, Any]) -> _Entry:
    try:
        return _Entry(
            where,
            to_prompt({'id': FIRST_ID, **entry}),
            'id' in entry,
            line_of(entry.get('name', DEFAULT_NAME), 'name'),
            whole(entry.get('image', 0), 'image'),
            line_of(entry.get('recording', ALL), 'recording'),
        )
    except PromptError as error:
        raise PromptError(f'{where}: {error}') from error


def line_of(given: Any, name: str) -> str:
    """Return a text of one line, without spaces around it; PromptError if it is none."""
    if not isinstance(given, str) or not given.strip() or not given.isprintable():
        raise PromptError(
            f'{name} {shown(given)} was given; write a text of one line, in quotes if it looks '
            'like a number'
        )
    return given.strip()


def _listed(names: Sequence[str]) -> str:
    more = f', and {len(names) - _NAMED} more' if len(names) > _NAMED else ''
    return (', '.join(names[:_NAMED]) or 'none') + more


def _keys(recording: str, entries: Sequence[_Entry]) -> tuple[KeyPrompt, ...]:
    """Return the prompts of one recording; entries without an id get the free ones."""
    mine = [entry for entry in entries if fnmatchcase(recording, entry.recording)]
    used = {entry.prompt.object_id for entry in mine if entry.has_id}
    known: dict[int, list[_Entry]] = {}
    keys = []
    for entry in mine:
        number = entry.prompt.object_id if entry.has_id else _free(recording, entry, used)
        used.add(number)
        _check(recording, number, entry, known.setdefault(number, []))
        known[number].append(entry)
        prompt = replace(entry.prompt, object_id=number)
        keys.append(KeyPrompt(entry.image, prompt, entry.name))
    return tuple(keys)


def _free(recording: str, entry: _Entry, used: set[int]) -> int:
    if not (found := lowest_id(used)):
        raise PromptError(
            f'{entry.where}: no id is free for it: recording {recording} has {LAST_ID} objects, '
            'which is the most; give further prompts of one object the same id, or label the '
            'others in a second run'
        )
    return found


def _check(recording: str, number: int, entry: _Entry, before: Sequence[_Entry]) -> None:
    """Refuse an entry that does not go with earlier ones of the same object."""
    for other in before:
        if other.name != entry.name:
            raise PromptError(
                f'{entry.where}: name {entry.name!r} was given for id {number}, which is a '
                f'{other.name!r} in {other.where}; an object has one name: give another id'
            )
        if other.image == entry.image:
            raise PromptError(
                f'{entry.where}: id {number} is given twice for image {entry.image} of '
                f'recording {recording}, first in {other.where}; put all points into one entry'
            )
