"""Prompts about single images of a recording, and which images each of them is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from picosam_ros.prompt import Prompt

DEFAULT_NAME = 'object'


@dataclass(frozen=True)
class KeyPrompt:
    """What somebody meant in one image.

    Attributes:
        image: its number in the sequence.
        prompt: with the id that the object has in the whole recording.
        name: of its class.

    """

    image: int
    prompt: Prompt
    name: str = DEFAULT_NAME


@dataclass(frozen=True)
class Stretch:
    """The images that a prompt is for: from `first` to before `end`; None is to the last one."""

    key: KeyPrompt
    first: int
    end: int | None


def stretches(keys: Sequence[KeyPrompt]) -> list[Stretch]:
    """Return for each prompt the images that are nearer to it than to others of its object."""
    ordered = sorted(keys, key=lambda one: (one.prompt.object_id, one.image))
    found = []
    for index, key in enumerate(ordered):
        before = ordered[index - 1] if index else None
        after = ordered[index + 1] if index + 1 < len(ordered) else None
        first, end = 0, None
        if before is not None and before.prompt.object_id == key.prompt.object_id:
            first = (before.image + key.image + 1) // 2
        if after is not None and after.prompt.object_id == key.prompt.object_id:
            end = (key.image + after.image + 1) // 2
        found.append(Stretch(key, first, end))
    return found
