"""Reads the images of a rosbag2; of a damaged one, those that can be read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from picosam_ros.bags.messages import IMAGE_TYPES, typestore
from picosam_ros.errors import BagError

STORAGES = ('.db3', '.mcap')

# Of MCAP (https://mcap.dev/spec): the file's first and last bytes, two kinds of records, and how
# many bytes hold a record's length.
_MAGIC = b'\x89MCAP0\r\n'
_FOOTER, _DATA_END = 0x02, 0x0F
_LENGTH_BYTES = 8


@dataclass(frozen=True)
class Recorded:
    """A recorded message.

    Attributes:
        at_ns: time of recording, in nanoseconds.
        kind: message type, one of IMAGE_TYPES.
        serialised: CDR.

    """

    at_ns: int
    kind: str
    serialised: bytes


class Recording:
    """An open rosbag2: a folder, or a single .db3 or .mcap file.

    The libraries raise errors of many kinds on damaged data (a length that overflows, a missing
    schema, a chunk that does not decompress): any of them ends the images and sets `damage`.

    Attributes:
        damage: why not all messages could be read, so far; empty if nothing is wrong.
        topics: image topics and their numbers of messages.
        storage: 'sqlite3' or 'mcap'.

    Raises:
        BagError: there is no recording, or nothing in it can be read.

    """

    def __init__(self, path: Path) -> None:
        typestore()  # first, for its error where rosbags is missing
        self.path = path
        self.damage = ''
        self._stack = ExitStack()
        try:
            self._readers = self._opened()
        except BaseException:
            self._stack.close()
            raise
        connections = [c for reader in self._readers for c in reader.connections]
        images = [c for c in connections if c.msgtype in IMAGE_TYPES]
        self.topics: dict[str, int] = {}
        for connection in images:
            count = self.topics.get(connection.topic, 0)
            self.topics[connection.topic] = count + connection.msgcount
        names = [path.name] if path.is_file() else [file.name for file in path.iterdir()]
        self.storage = 'mcap' if any('.mcap' in name for name in names) else 'sqlite3'

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def choose(self, topic: str) -> str:
        """Return the topic, or the only one there is if none is given.

        Raises:
            BagError: there is no such topic, or several if none is given.

        """
        there = ', '.join(f'{name} ({count})' for name, count in self.topics.items())
        if not self.topics:
            raise BagError(f'{self.path} has no image topics (of type {" or ".join(IMAGE_TYPES)})')
        if topic and topic not in self.topics:
            raise BagError(f'image topic {topic!r} was given; {self.path} has {there}')
        if not topic and len(self.topics) > 1:
            raise BagError(f'{self.path} has several image topics, {there}; name one of them')
        return topic or next(iter(self.topics))

    def images(self, topic: str) -> Iterator[Recorded]:
        """Yield the messages of a topic in the order of their recording.

        They end early where the recording is damaged; `damage` has the reason then.
        """
        for reader in self._readers:
            wanted = [c for c in reader.connections if c.topic == topic]
            if not wanted:
                continue
            try:
                for connection, at_ns, serialised in reader.messages(wanted):
                    yield Recorded(at_ns, connection.msgtype, serialised)
            except Exception as error:  # noqa: BLE001 - see Recording
                self.damage = self.damage or _message(error)
                return

    def _opened(self) -> list[Any]:
        from rosbags.rosbag2 import Reader

        if not self.path.exists():
            raise BagError(f'{self.path} does not exist; give a rosbag2 folder or file')
        if self.path.is_file() and self.path.suffix not in STORAGES:
            raise self._unreadable(f'its name does not end in {" or ".join(STORAGES)}')
        try:
            return [self._stack.enter_context(Reader(self.path))]
        except FileNotFoundError:
            self.damage = 'it has no metadata.yaml'
        except Exception as error:  # noqa: BLE001 - see Recording
            self.damage = _message(error)
        scratch = Path(self._stack.enter_context(TemporaryDirectory(prefix='picosam_bag_')))
        files = [self.path] if self.path.is_file() else _files(self.path)
        readers = []
        for number, file in enumerate(files):
            try:
                whole = recover(file, scratch / f'{number}{file.suffix}')
                readers.append(self._stack.enter_context(Reader(whole)))
            except Exception as error:  # noqa: BLE001 - see Recording
                self.damage = f'{file.name}: {_message(error)}'
        if not any(reader.message_count for reader in readers):
            raise self._unreadable(self.damage)
        return readers

    def _unreadable(self, reason: str) -> BagError:
        return BagError(
            f'{self.path} cannot be read as a rosbag2: {reason.rstrip(".")}; give the folder that '
            '"ros2 bag record" wrote, or a .db3 or .mcap file'
        )


def _files(folder: Path) -> list[Path]:
    """Return the storage files in the order of recording."""
    found = [file for file in folder.iterdir() if file.suffix in STORAGES]
    return sorted(found, key=lambda file: (len(file.name), file.name))


def _message(error: Exception) -> str:
    return str(error) or type(error).__name__


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
    """Copy whole records, and append a footer without an index."""
    target.write(source.read(len(_MAGIC)))
    while len(head := source.read(1 + _LENGTH_BYTES)) == 1 + _LENGTH_BYTES:
        length = int.from_bytes(head[1:], 'little')
        if head[0] in (_DATA_END, _FOOTER):
            break
        # A damaged length may be any number: never read more than there is.
        body = _read(source, length)
        if len(body) < length:
            break
        target.write(head + body)
    target.write(bytes([_FOOTER]) + (20).to_bytes(_LENGTH_BYTES, 'little') + bytes(20) + _MAGIC)


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
