"""The elements of the arrays in a JSON file, found without parsing it."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator

from picosam_ros.errors import DatasetError

# A string, whatever is in it, or a bracket: all that the structure depends on.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]')
# What stands between elements that are none: a number, null, a string.
_BARE = re.compile(rb'"(?:[^"\\]|\\.)*"|[^\s,"]+')
_OPENING = frozenset(b'[{')
_QUOTE, _LIST = b'"['
_NONE = -1
# The file's object, an array in it, an element of that array.
_FILE, _ARRAY, _ELEMENT = 1, 2, 3


def elements(text: mmap.mmap | bytes) -> Iterator[tuple[str, int, int]]:
    """Yield the elements of each array of the file's top-level object: its key and their offsets.

    Args:
        text: JSON in UTF-8: an object of arrays of objects; other elements are found, too.

    Returns:
        Key, and the offsets of the element's first byte and of the one after its last.

    Raises:
        DatasetError: brackets do not match, as in a file that was cut off.

    """
    depth, key, begin, gap = 0, '', 0, _NONE
    for token in _TOKEN.finditer(text):
        start = token.start()
        mark = text[start]
        if mark == _QUOTE:
            if depth == _FILE:
                key = token[0][1:-1].decode('utf-8', 'replace')
        elif mark in _OPENING:
            depth += 1
            if depth == _ARRAY:
                gap = token.end() if mark == _LIST else _NONE
            elif depth == _ELEMENT:
                yield from _bare(text, key, gap, start)
                begin = start
        else:
            if depth == _ELEMENT:
                gap = token.end() if gap != _NONE else _NONE
                yield key, begin, token.end()
            elif depth == _ARRAY:
                yield from _bare(text, key, gap, start)
            else:
                _check_open(depth, start)
            depth -= 1
    if depth:
        raise DatasetError(f'the JSON ends within {depth} open brackets: the file was cut off')


def _check_open(depth: int, at: int) -> None:
    if not depth:
        raise DatasetError(f'the JSON closes a bracket at byte {at} that is not open')


def _bare(
    text: mmap.mmap | bytes, key: str, begin: int, end: int
) -> Iterator[tuple[str, int, int]]:
    if begin == _NONE:  # in an object, where names stand between the values
        return
    for bare in _BARE.finditer(text, begin, end):
        yield key, bare.start(), bare.end()
