"""Prompts about single images of a recording, and which images each of them is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from picosam_ros.errors import PromptError
from picosam_ros.prompt import Prompt

DEFAULT_NAME = 'object'
# Letters of the name of a class.
LONGEST_NAME = 100


@dataclass(frozen=True)
class KeyPrompt:
    """What somebody meant in one image.

    Attributes:
        image: its number in the sequence.
        prompt: with the id that the object has in the whole recording.
        name: of its class.

    Raises:
        PromptError: the name is empty, longer than LONGEST_NAME, or holds what is no text.

    """

    image: int
    prompt: Prompt
    name: str = DEFAULT_NAME

    def __post_init__(self) -> None:
        name = self.name
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise PromptError(
                f'class name {name!r:.80} was given; allowed are printable letters, digits and '
                'spaces, one at least'
            )
        if len(name) > LONGEST_NAME:
            raise PromptError(
                f'a class name of {len(name)} letters was given; allowed are {LONGEST_NAME}'
            )


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
