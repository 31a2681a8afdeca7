"""Offsets of the elements of a JSON file's arrays: searches a gigabyte without loading it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from mmap import mmap

from picosam_ros.errors import DatasetError

# A string, whatever is in it, or a bracket: all that the structure depends on.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]')
_OPENING = frozenset(b'[{')
_QUOTE = ord('"')
# The file's object, an array in it, an element of that array.
_FILE, _ARRAY, _ELEMENT = 1, 2, 3


def elements(text: mmap | bytes) -> Iterator[tuple[str, int, int]]:
    """Yield the elements of each array of the file's top-level object: its key and their offsets.

    Args:
        text: JSON in UTF-8: an object of arrays of objects.

    Returns:
        Key, and the offsets of the element's first byte and of the one after its last.

    Raises:
        DatasetError: brackets do not match, as in a file that was cut off.

    """
    depth, key, begin = 0, '', 0
    for token in _TOKEN.finditer(text):
        start = token.start()
        mark = text[start]
        if mark == _QUOTE:
            if depth == _FILE:
                key = token[0][1:-1].decode()
        elif mark in _OPENING:
            depth += 1
            if depth == _ELEMENT:
                begin = start
        else:
            if depth == _ELEMENT:
                yield key, begin, token.end()
            depth -= 1
    if depth:
        raise DatasetError(f'the JSON ends within {depth} open brackets: the file was cut off')
