"""Prompts that a node starts with, as YAML: docs/interfaces.md shows such a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from picosam_ros.errors import PromptError, YamlError
from picosam_ros.files.yaml import compose, construct
from picosam_ros.prompt import Box, Point, Prompt

KEYS = ('id', 'points', 'box', 'roi_size', 'size_step')
# Characters of a wrong value that an error shows.
_SHOWN = 80
# Of a size in pixels.
_LARGEST = 2**31 - 1


def read_prompts(path: str | Path) -> tuple[Prompt, ...]:
    """Read a file of prompts, in pixels of the image.

    Raises:
        PromptError: the file cannot be read, is no list of prompts, or an entry is wrong; the
            sentence names its line.

    """
    prompts: list[Prompt] = []
    for where, entry in read_entries(path, KEYS):
        try:
            prompt = to_prompt(entry)
        except PromptError as error:
            raise PromptError(f'{where}: {error}') from error
        if any(other.object_id == prompt.object_id for other in prompts):
            raise PromptError(f'{where}: id {prompt.object_id} is given twice; each needs its own')
        prompts.append(prompt)
    return tuple(prompts)


def read_entries(path: str | Path, keys: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the entries of a file, each after what errors call it: the file, its line and number.

    Args:
        path: of a YAML file, a list of mappings.
        keys: that an entry can have.

    Raises:
        PromptError: the file cannot be read, is no list, or an entry is no mapping of such keys.

    """
    for number, node in enumerate(_nodes(path), 1):
        where = f'{path}, line {node.start_mark.line + 1}, entry {number}'
        try:
            entry = _entry(node, keys)
        except (PromptError, YamlError) as error:
            raise PromptError(f'{where}: {error}') from error
        yield where, entry


def to_prompt(entry: dict[str, Any]) -> Prompt:
    """Return the prompt that the KEYS of an entry describe.

    Raises:
        PromptError: it has no id, or a value is wrong.

    """
    if 'id' not in entry:
        raise PromptError('it has no id; give one from 1 to 254')
    return Prompt(
        tuple(_point(point) for point in _listed(entry.get('points') or [], 'points', '[x, y]')),
        _box(entry['box']) if entry.get('box') is not None else None,
        whole(entry['id'], 'id'),
        whole(entry.get('roi_size') or 0, 'roi_size'),
        _step(entry.get('size_step') or 0),
    )


def whole(given: Any, name: str) -> int:
    """Return a value that must be a whole number from 0 on; PromptError if it is none."""
    if not _is(given, int) or not 0 <= given <= _LARGEST:
        raise PromptError(
            f'{name} {shown(given)} was given; it must be a whole number from 0 to {_LARGEST}'
        )
    return int(given)


def shown(value: Any) -> str:
    """Return a value as errors show it, cut if it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f'{text[:_SHOWN]}…'


def _nodes(path: str | Path) -> list[yaml.Node]:
    try:
        root = compose(Path(path))
    except YamlError as error:
        if error.line:
            raise PromptError(f'{path}, {error}') from error
        raise PromptError(
            f'the prompts of {str(path)!r} cannot be read: {error}; give the path of a YAML file '
            'of prompts, or nothing'
        ) from error
    if not isinstance(root, yaml.SequenceNode) or not root.value:
        raise PromptError(
            f'{path} holds no list of prompts; write one entry for each, with no key above them, '
            'such as "- {id: 1, points: [[320, 240]]}"'
        )
    return list(root.value)


def _entry(node: yaml.Node, keys: Sequence[str]) -> dict[str, Any]:
    entry: Any = construct(node)
    if not isinstance(entry, dict):
        raise PromptError(f'{shown(entry)} was given; an entry has the keys {", ".join(keys)}')
    unknown = [key for key in entry if key not in keys]
    if unknown:
        raise PromptError(f'key {shown(unknown[0])} was given; allowed are {", ".join(keys)}')
    return entry


def _point(given: Any) -> Point:
    values = _numbers(given, 'point', (2, 3), '[x, y], or [x, y, 0] for one beside the object')
    label = values[2] if len(values) == 3 else 1
    if label not in (0, 1):
        raise PromptError(f'point {shown(given)} has the label {label:g}; allowed are 1 and 0')
    return Point(values[0], values[1], bool(label))


def _box(given: Any) -> Box:
    return Box(*_numbers(given, 'box', (4,), '[x0, y0, x1, y1]'))


def _step(given: Any) -> int:
    if not _is(given, int) or abs(given) > _LARGEST:
        raise PromptError(
            f'size_step {shown(given)} was given; it must be a whole number: 1 for the next '
            'larger object, -1 for the next smaller one'
        )
    return int(given)


def _numbers(given: Any, name: str, counts: Sequence[int], form: str) -> list[float]:
    values = _listed(given, name, form)
    if len(values) not in counts or not all(_is(value, (int, float)) for value in values):
        raise PromptError(f'{name} {shown(given)} was given; write it as {form}')
    return [_float(value, name) for value in values]


def _float(value: float, name: str) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise PromptError(f'{name} holds a number that is too large for a pixel') from error


def _listed(given: Any, name: str, form: str) -> list[Any]:
    if not isinstance(given, list):
        raise PromptError(f'{name} {shown(given)} was given; write a list: {form}')
    return given


def _is(value: Any, kind: type | tuple[type, ...]) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
