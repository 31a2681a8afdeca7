"""Reads YAML files of users: any content is either data or an error with its line.

PyYAML's safe loader executes nothing, but a file of a few bytes can still ask for all memory
(aliases of aliases), exhaust the stack (nesting) or raise what is no YAMLError (a date that does
not exist, an integer of 5000 digits).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from picosam_ros.errors import YamlError

# Bytes: far more than a file of 254 prompts or a calibration.
LARGEST = 2**18
DEEPEST = 20
# Python prints and reads no integer of more than 4300 digits.
_LONGEST_INTEGER = 1000

_BOMS = {b'\xff\xfe': 'UTF-16', b'\xfe\xff': 'UTF-16'}
# https://yaml.org/spec/1.1/#c-printable
_UNPRINTABLE = re.compile('[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]')
# libyaml's where PyYAML has it: ten times as fast.
_LOADER: Any = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)


def read_yaml(path: Path, largest: int = LARGEST) -> Any:
    """Return what the file's only document holds; None if it holds nothing.

    Raises:
        YamlError: the file cannot be read, is no YAML, or asks for more than data needs. The
            sentence does not name the file.

    """
    node = compose(path, largest)
    return None if node is None else construct(node)


def compose(path: Path, largest: int = LARGEST) -> yaml.Node | None:
    """Return the document's nodes, which know their lines; None if there is no document.

    Raises:
        YamlError: as read_yaml, but for values that `construct` refuses.

    """
    text = _text(path, largest)
    try:
        _check_events(text)
        node: yaml.Node | None = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise _told(error) from error
    if node is not None:
        _check_keys(node)
    return node


def construct(node: yaml.Node) -> Any:
    """Return the Python value of a node: lists, dictionaries, texts, numbers, dates.

    Raises:
        YamlError: a tag is not one of YAML's own, or a value cannot be.

    """
    for scalar in _nodes(node):
        if scalar.tag == 'tag:yaml.org,2002:int' and len(scalar.value) > _LONGEST_INTEGER:
            raise YamlError(
                f'an integer of {len(scalar.value)} digits was given; allowed are '
                f'{_LONGEST_INTEGER}',
                _line(scalar),
            )
    try:
        return yaml.SafeLoader('').construct_document(node)
    except yaml.YAMLError as error:
        raise _told(error) from error
    # Of the constructors of dates, numbers and binary data.
    except (ValueError, TypeError, OverflowError, LookupError, AttributeError) as error:
        raise YamlError(f'a value cannot be read ({error})', _line(node)) from error


def _text(path: Path, largest: int) -> str:
    try:
        with path.open('rb') as file:
            content = file.read(largest + 1)
    except OSError as error:
        raise YamlError((error.strerror or str(error)).lower()) from error
    if len(content) > largest:
        raise YamlError(f'it has more than {largest} bytes; allowed are up to that')
    encoding = _BOMS.get(content[:2], 'UTF-8-sig')
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b'\n') + 1
        raise YamlError(f'no text in UTF-8: {error.reason}', line) from error
    if found := _UNPRINTABLE.search(text):
        line = text[: found.start()].count('\n') + 1
        raise YamlError(f'no YAML: the character {found[0]!r} is not allowed', line)
    return text


def _check_events(text: str) -> None:
    """Refuse what needs more memory or stack than its text, before any node is made."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent):
            raise YamlError(f'the alias *{event.anchor} was given; write the value itself', line)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise YamlError(f'nested deeper than the {DEEPEST} levels that are allowed', line)


def _check_keys(root: yaml.Node) -> None:
    for node in _nodes(root):
        if not isinstance(node, yaml.MappingNode):
            continue
        seen: set[object] = set()
        for key, _ in node.value:
            known = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else id(key)
            if known in seen:
                raise YamlError(f'the key {_shown(key)} is given twice', _line(key))
            seen.add(known)


def _nodes(root: yaml.Node) -> Iterator[yaml.Node]:
    yield root
    if isinstance(root, yaml.MappingNode):
        for key, value in root.value:
            yield from _nodes(key)
            yield from _nodes(value)
    elif isinstance(root, yaml.SequenceNode):
        for inner in root.value:
            yield from _nodes(inner)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _shown(key: yaml.Node) -> str:
    return repr(key.value[:80]) if isinstance(key, yaml.ScalarNode) else 'that is a collection'


def _told(error: yaml.YAMLError) -> YamlError:
    mark = getattr(error, 'problem_mark', None) or getattr(error, 'context_mark', None)
    parts = (getattr(error, name, None) for name in ('context', 'problem'))
    problem = ' '.join(part for part in parts if part) or str(error)
    return YamlError(f'no YAML: {problem}', mark.line + 1 if mark else 0)
