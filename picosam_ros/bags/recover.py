"""Recovers a truncated storage file: a readable copy of its whole records."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import BinaryIO

_MAGIC = b'\x89MCAP0\r\n'
_FOOTER, _DATA_END = 0x02, 0x0F
_LENGTH = 8


def recover(source: Path, target: Path) -> Path:
    """Copy the whole records of a .mcap or .db3 file to `target`, and return that.

    A recorder that was killed leaves a .mcap without the index at its end, or a .db3 without its
    last pages.

    Raises:
        OSError, sqlite3.Error: the file cannot be read at all.

    """
    if source.suffix == '.mcap':
        with source.open('rb') as reading, target.open('wb') as writing:
            _copy_records(reading, writing)
    else:
        _copy_rows(source, target)
    return target


def _copy_records(source: BinaryIO, target: BinaryIO) -> None:
    """Copy whole records (https://mcap.dev/spec), and append a footer without an index."""
    target.write(source.read(len(_MAGIC)))
    while len(head := source.read(1 + _LENGTH)) == 1 + _LENGTH:
        length = int.from_bytes(head[1:], 'little')
        if head[0] in (_DATA_END, _FOOTER):
            break
        # A damaged length may be any number: never read more than there is.
        body = _read(source, length)
        if len(body) < length:
            break
        target.write(head + body)
    target.write(bytes([_FOOTER]) + (20).to_bytes(_LENGTH, 'little') + bytes(20) + _MAGIC)


def _read(source: BinaryIO, length: int) -> bytes:
    here = source.tell()
    rest = source.seek(0, 2) - here
    source.seek(here)
    return source.read(min(length, rest))


def _copy_rows(source: Path, target: Path) -> None:
    """Copy row by row until one cannot be read."""
    with (
        closing(sqlite3.connect(f'{source.resolve().as_uri()}?immutable=1', uri=True)) as reading,
        closing(sqlite3.connect(target)) as writing,
    ):
        # Without this, SQLite refuses a file that is shorter than its header says.
        reading.execute('PRAGMA writable_schema=ON')
        tables = reading.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        for name, sql in sorted(tables, key=lambda table: table[0] == 'messages'):
            writing.execute(sql)
            with suppress(sqlite3.DatabaseError):
                for row in reading.execute(f'SELECT * FROM "{name}"'):
                    marks = ','.join('?' * len(row))
                    writing.execute(f'INSERT INTO "{name}" VALUES ({marks})', row)
        writing.commit()
