"""What an .onnx file says before a runtime reads it: which files hold its weights; its properties.

The file is a protobuf message (https://protobuf.dev/programming-guides/encoding); the numbers are
those of onnx.proto. The package onnx is not needed to run a network.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

# Fields of ModelProto, GraphProto, TensorProto and StringStringEntryProto.
_GRAPH, _PROPERTIES, _INITIALIZER, _EXTERNAL_DATA, _KEY, _VALUE = 7, 14, 5, 13, 1, 2

_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5


def data_files(path: Path) -> tuple[Path, ...]:
    """Return the files beside it that hold weights; none if the file is no ONNX."""
    names: dict[str, None] = {}
    try:
        with path.open('rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for graph in _messages(data, 0, len(data), _GRAPH):
                for tensor in _messages(data, *graph, _INITIALIZER):
                    names.update(dict.fromkeys(_locations(data, *tensor)))
    except (OSError, ValueError, IndexError):
        return ()
    return tuple(path.parent / name for name in names)


def properties_of(path: Path) -> dict[str, str]:
    """Return the file's metadata_props, key to value; none if it is no ONNX."""
    found: dict[str, str] = {}
    try:
        with path.open('rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for entry in _messages(data, 0, len(data), _PROPERTIES):
                key, value = (_bytes(data, *entry, field) for field in (_KEY, _VALUE))
                found[key.decode()] = value.decode()
    except (OSError, ValueError, IndexError):
        return {}
    return found


def _locations(data: mmap.mmap, start: int, end: int) -> Iterator[str]:
    for entry in _messages(data, start, end, _EXTERNAL_DATA):
        key, value = (_bytes(data, *entry, field) for field in (_KEY, _VALUE))
        if key == b'location':
            yield value.decode()


def _bytes(data: mmap.mmap, start: int, end: int, wanted: int) -> bytes:
    return b''.join(data[slice(*part)] for part in _messages(data, start, end, wanted))


def _messages(data: mmap.mmap, start: int, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    """Yield where the fields of a number begin and end that have a length."""
    at = start
    while at < end:
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == _VARINT:
            _, at = _varint(data, at)
        elif kind == _LENGTH:
            length, at = _varint(data, at)
            if at + length > end:
                raise ValueError(f'the field at byte {at} is cut off')
            if tag >> 3 == wanted:
                yield at, at + length
            at += length
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            at += 8 if kind == _EIGHT_BYTES else 4
        else:
            raise ValueError(f'field of kind {kind} at byte {at}')


def _varint(data: mmap.mmap, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
