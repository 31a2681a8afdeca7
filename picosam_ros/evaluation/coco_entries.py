"""Entries of COCO's JSON files, read one by one from a file that is memory-mapped."""

from __future__ import annotations

import json
import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from picosam_ros.errors import DatasetError

LARGEST_ID = 2**63

# Bytes of an entry: many times an outline that was drawn by hand.
_LARGEST_ENTRY = 2**24
# Characters of an id that is a text.
_LONGEST_NAME = 40


def map_json(path: Path) -> mmap.mmap:
    """Map a file; whoever calls closes it. Raises DatasetError if it cannot be read."""
    if path.exists() and not path.is_file():
        raise DatasetError(f'the annotations {path} are a folder or a device, not a file')
    try:
        with path.open('rb') as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DatasetError(f'the annotations {path} cannot be read: {reason}') from error
    except ValueError as error:
        raise DatasetError(f'the annotations {path} are an empty file') from error


def read_entry(text: mmap.mmap | bytes, begin: int, end: int) -> dict[str, Any]:
    """Return the entry between two offsets, as `elements` yields them.

    Raises:
        DatasetError: it is none; the sentence does not name it.

    """
    if end - begin > _LARGEST_ENTRY:
        raise DatasetError(f'it has {end - begin} bytes; allowed are {_LARGEST_ENTRY}')
    try:
        entry = json.loads(text[begin:end])
    except (ValueError, RecursionError) as error:
        raise DatasetError(f'the file is no JSON from byte {begin} on: {error}') from error
    if not isinstance(entry, dict):
        raise DatasetError(f'it is {str(entry)[:40]} and not an object with names and values')
    return entry


def whole(entry: Mapping[str, Any], name: str) -> int:
    """Return a value that must be a whole number; DatasetError if it is none."""
    number = entry.get(name)
    if not isinstance(number, int) or isinstance(number, bool) or abs(number) >= LARGEST_ID:
        raise DatasetError(f'it is without a whole number as {name!r}')
    return number


def entry_name(what: str, entry: Mapping[str, Any], begin: int) -> str:
    """Return what errors call an entry: its id, or where it begins."""
    number = entry.get('id')
    known = isinstance(number, (int, str)) and len(str(number)) <= _LONGEST_NAME
    return f'{what} {number}' if known else f'{what} at byte {begin}'
