"""Reads a .db3 file of rosbag2; it is never written to, and neither are the files beside it."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path

from picosam_ros.bags.channels import Channel
from picosam_ros.errors import BagError

MAGIC = b'SQLite format 3\0'

# Of the file's header (https://sqlite.org/fileformat.html): size of a page, number of pages.
_PAGE_SIZE, _PAGE_COUNT = slice(16, 18), slice(28, 32)
# What a recorder that was killed leaves beside the file: it holds messages, or undoes half of one.
_BESIDE = ('-wal', '-journal')
_TABLES = {'topics', 'messages'}


class SqliteFile:
    """An open file.

    Attributes:
        channels: what it holds.
        damage: why not all of it can be read, so far; empty if nothing is wrong.

    Args:
        path: the file.
        scratch: returns a path for a copy: one is made where a log lies beside the file, because
            SQLite would write into the recording to read it.

    Raises:
        BagError: it is no such file, or nothing in it can be read.
        OSError: it cannot be read, or not copied.

    """

    def __init__(self, path: Path, scratch: Callable[[], Path]) -> None:
        self.damage = ''
        # An index of a file that was cut off leads to pages that are not there.
        self._in_order = not _is_cut(path)
        self._connection = _open(path, scratch)
        try:
            if not self._in_order:
                self._damaged('it ends too soon: its recorder was killed, or the disk was full')
                # Without this, SQLite refuses a file that is shorter than its header says.
                self._connection.execute('PRAGMA writable_schema=ON')
            self._check_tables()
            counts = self._counts()
            self.channels = tuple(
                _channel(number, str(topic), str(kind), str(encoding), counts[number])
                for number, topic, kind, encoding in self._connection.execute(
                    'SELECT id, name, type, serialization_format FROM topics'
                )
            )
        except sqlite3.Error as error:
            self.close()
            raise BagError(str(error)) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def messages(self, wanted: Collection[int]) -> Iterator[tuple[int, int, bytes]]:
        """Yield topic, time of recording in nanoseconds and message; see StorageFile."""
        # The order of a table without its index is that of recording.
        order = 'timestamp, rowid' if self._in_order else 'rowid'
        marks = ','.join('?' * len(wanted))
        try:
            # Without the data, which would be sorted with them where there is no index.
            rows = self._connection.execute(
                f'SELECT rowid, topic_id, timestamp FROM messages WHERE topic_id IN ({marks}) '
                f'ORDER BY {order}',
                tuple(wanted),
            )
            for row, topic, at_ns in rows:
                one = self._connection.execute('SELECT data FROM messages WHERE rowid = ?', (row,))
                [data] = one.fetchone() or (None,)
                if not isinstance(data, bytes) or not isinstance(at_ns, int):
                    self._damaged(f'row {row} of its messages holds no message')
                    continue
                yield topic, at_ns, data
        except sqlite3.Error as error:
            self._damaged(str(error))

    def _check_tables(self) -> None:
        tables = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if missing := _TABLES - {name for (name,) in tables}:
            raise BagError(f'it has no table {" and ".join(sorted(missing))}')

    def _counts(self) -> Counter[int]:
        counts: Counter[int] = Counter()
        with suppress(sqlite3.Error):  # told when the messages are read
            counts.update(
                topic
                for (topic,) in self._connection.execute(
                    'SELECT topic_id FROM messages ORDER BY rowid'
                )
            )
        return counts

    def _damaged(self, why: str) -> None:
        self.damage = self.damage or why


def _channel(number: int, topic: str, kind: str, encoding: str, count: int) -> Channel:
    why = '' if encoding == 'cdr' else f'its messages are {encoding!r}, not CDR'
    return Channel(number, topic, kind, count, why)


def _beside(path: Path) -> list[Path]:
    """Return the logs beside the file that hold something."""
    logs = [path.with_name(path.name + ending) for ending in _BESIDE]
    return [log for log in logs if log.is_file() and log.stat().st_size]


def _is_cut(path: Path) -> bool:
    with path.open('rb') as file:
        header = file.read(100)
        size = file.seek(0, 2)
    if header[: len(MAGIC)] != MAGIC:
        raise BagError('it is no SQLite file')
    page = int.from_bytes(header[_PAGE_SIZE], 'big')
    pages = int.from_bytes(header[_PAGE_COUNT], 'big')
    # A log beside it may have the pages that are missing.
    return size < (page if page > 1 else 2**16) * pages and not _beside(path.resolve())


def _open(path: Path, scratch: Callable[[], Path]) -> sqlite3.Connection:
    path = path.resolve()
    logs = _beside(path)
    # Escaped: in SQLite's addresses a '#', a '?' or a '%' of a name has a meaning.
    uri = f'{path.as_uri()}?immutable=1'
    if logs:
        copy = scratch()
        for file in (path, *logs):
            ending = file.name[len(path.name) :]
            shutil.copyfile(file, copy.with_name(copy.name + ending))
        uri = copy.resolve().as_uri()
    try:
        connection = sqlite3.connect(uri, uri=True)
    except sqlite3.Error as error:
        raise BagError(str(error)) from error
    connection.text_factory = lambda text: text.decode('utf-8', 'replace')
    return connection
