"""Reads an MCAP file (https://mcap.dev/spec), record by record: without its index, too.

A recorder that was killed leaves no index, other programs write channels that are not of ROS, and a
file may be damaged in the middle: what is whole is read, the rest is told. (The package `mcap` ends
at the first chunk that is damaged, and takes as much memory as a chunk says that it holds.)
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from pathlib import Path

from picosam_ros.bags.channels import Channel
from picosam_ros.bags.compression import decompress
from picosam_ros.errors import BagError

MAGIC = b'\x89MCAP0\r\n'

_FOOTER, _SCHEMA, _CHANNEL, _MESSAGE, _CHUNK, _STATISTICS = 0x02, 0x03, 0x04, 0x05, 0x06, 0x0B
_RECORD = struct.Struct('<BQ')  # kind, length of what follows
_MESSAGE_HEAD = struct.Struct('<HIQQ')  # channel, sequence, time of recording, time of publishing
_CHUNK_HEAD = struct.Struct('<QQQII')  # first and last time, size, CRC, length of the method's name
_LARGEST_RECORD = 2**26  # of a schema, a channel or the statistics
_SCHEMAS = ('ros2msg', 'ros2idl')

# Messages outside of chunks are read in runs of this many bytes.
_RUN = 2**20
# Chunks whose times overlap are held until their messages are in order, up to this many bytes.
_HELD = 2**28


@dataclass(frozen=True)
class _Block:
    """A chunk, or a run of messages: their first time, and where they are."""

    first_ns: int
    begin: int
    end: int
    chunk: bool


class McapFile:
    """An open file.

    Attributes:
        channels: what it holds.
        damage: why not all of it can be read, so far; empty if nothing is wrong.

    Raises:
        BagError: it is no MCAP file.
        OSError: it cannot be read.

    """

    def __init__(self, path: Path) -> None:
        self.damage = ''
        self._schemas: dict[int, tuple[str, str]] = {}
        self._raw: dict[int, tuple[str, str, int]] = {}
        self._counts: Counter[int] | None = None
        self._blocks: list[_Block] = []
        self._file = path.open('rb')
        try:
            self._size = self._file.seek(0, 2)
            self._scan()
            if self._counts is None or not self._raw:
                self._look_into_blocks()
        except BaseException:
            self.close()
            raise
        self._blocks.sort(key=lambda block: block.first_ns)
        counts: Counter[int] = self._counts or Counter()
        self.channels = tuple(
            self._channel(number, *raw, counts[number]) for number, raw in self._raw.items()
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def messages(self, wanted: Collection[int]) -> Iterator[tuple[int, int, bytes]]:
        """Yield channel, time of recording in nanoseconds and CDR, in the order of the times."""
        held: list[tuple[int, int, int, bytes]] = []
        size = number = 0
        for block in self._blocks:
            while held and (held[0][0] < block.first_ns or size > _HELD):
                at_ns, _, channel, data = heappop(held)
                size -= len(data)
                yield channel, at_ns, data
            for channel, at_ns, data in self._messages_of(block):
                if channel in wanted:
                    number += 1
                    size += len(data)
                    heappush(held, (at_ns, number, channel, data))
        while held:
            at_ns, _, channel, data = heappop(held)
            yield channel, at_ns, data

    def _scan(self) -> None:
        """Go from record to record; what chunks and messages hold is not read."""
        if self._read(0, len(MAGIC)) != MAGIC:
            raise BagError('it is no MCAP file')
        at, whole = len(MAGIC), False
        while at + _RECORD.size <= self._size:
            kind, length = _RECORD.unpack(self._read(at, _RECORD.size))
            begin, end = at + _RECORD.size, at + _RECORD.size + length
            if end > self._size:
                break
            if kind == _FOOTER:
                whole = True
                break
            self._note_top(kind, begin, end)
            at = end
        if not whole:
            self._damaged('it ends too soon: its recorder was killed, or it was cut off')

    def _note_top(self, kind: int, begin: int, end: int) -> None:
        if kind == _CHUNK and end - begin >= _CHUNK_HEAD.size:
            first_ns, *_ = _CHUNK_HEAD.unpack(self._read(begin, _CHUNK_HEAD.size))
            self._blocks.append(_Block(first_ns, begin, end, chunk=True))
        elif kind == _MESSAGE and end - begin >= _MESSAGE_HEAD.size:
            _, _, at_ns, _ = _MESSAGE_HEAD.unpack(self._read(begin, _MESSAGE_HEAD.size))
            self._add_to_run(at_ns, begin - _RECORD.size, end)
        elif kind in (_SCHEMA, _CHANNEL, _STATISTICS) and end - begin <= _LARGEST_RECORD:
            self._note(kind, self._read(begin, end - begin))

    def _add_to_run(self, at_ns: int, begin: int, end: int) -> None:
        last = self._blocks[-1] if self._blocks else None
        if last and not last.chunk and last.end == begin and end - last.begin <= _RUN:
            self._blocks[-1] = _Block(min(at_ns, last.first_ns), last.begin, end, chunk=False)
        else:
            self._blocks.append(_Block(at_ns, begin, end, chunk=False))

    def _look_into_blocks(self) -> None:
        """Find the channels and count the messages where there is no index."""
        counts: Counter[int] = Counter()
        for block in self._blocks:
            counts.update(channel for channel, _, _ in self._messages_of(block))
        self._counts = counts

    def _messages_of(self, block: _Block) -> Iterator[tuple[int, int, bytes]]:
        try:
            data = self._read(block.begin, block.end - block.begin)
            for kind, body in _records(_unpacked(data) if block.chunk else data):
                if kind == _MESSAGE and len(body) >= _MESSAGE_HEAD.size:
                    channel, _, at_ns, _ = _MESSAGE_HEAD.unpack_from(body)
                    yield channel, at_ns, bytes(body[_MESSAGE_HEAD.size :])
                elif kind in (_SCHEMA, _CHANNEL):
                    self._note(kind, bytes(body))
        except (BagError, OSError) as error:
            self._damaged(str(error))

    def _note(self, kind: int, body: bytes) -> None:
        try:
            if kind == _SCHEMA:
                [number], rest = struct.unpack_from('<H', body), body[2:]
                name, rest = _text(rest)
                self._schemas.setdefault(number, (name, _text(rest)[0]))
            elif kind == _CHANNEL:
                (number, schema), rest = struct.unpack_from('<HH', body), body[4:]
                topic, rest = _text(rest)
                self._raw.setdefault(number, (topic, _text(rest)[0], schema))
            else:
                self._counts = Counter(dict(struct.iter_unpack('<HQ', body[46:])))
        except struct.error:
            self._damaged('a description of its channels is damaged')

    def _channel(self, number: int, topic: str, encoding: str, schema: int, count: int) -> Channel:
        kind, language = self._schemas.get(schema, ('', ''))
        if encoding != 'cdr':
            return Channel(number, topic, kind, count, f'its messages are {encoding!r}, not CDR')
        if language not in _SCHEMAS:
            what = f'a schema of {language!r}' if language else 'no schema'
            return Channel(number, topic, kind, count, f'it has {what}, not one of ROS 2')
        return Channel(number, topic, kind, count)

    def _read(self, begin: int, length: int) -> bytes:
        self._file.seek(begin)
        return self._file.read(length)

    def _damaged(self, why: str) -> None:
        self.damage = self.damage or why


def _unpacked(body: bytes) -> bytes:
    """Return the records of a chunk."""
    _, _, size, _, length = _CHUNK_HEAD.unpack_from(body)
    name_end = _CHUNK_HEAD.size + length
    method = body[_CHUNK_HEAD.size : name_end].decode('utf-8', 'replace')
    data = decompress(body[name_end + 8 :], method)
    if len(data) != size:
        raise BagError(f'a chunk has {len(data)} bytes, not {size}')
    return data


def _records(data: bytes) -> Iterator[tuple[int, memoryview]]:
    """Yield kind and content; raise BagError where a length does not fit."""
    view, at = memoryview(data), 0
    while at < len(view):
        if at + _RECORD.size > len(view):
            raise BagError('a record in it is cut off')
        kind, length = _RECORD.unpack_from(view, at)
        begin, at = at + _RECORD.size, at + _RECORD.size + length
        if at > len(view):
            raise BagError('a record in it has a length that cannot be')
        yield kind, view[begin:at]


def _text(body: bytes) -> tuple[str, bytes]:
    """Split off a string with its length before it; struct.error where it is cut off."""
    [length] = struct.unpack_from('<I', body)
    if length > len(body) - 4:
        raise struct.error
    return body[4 : 4 + length].decode('utf-8', 'replace'), body[4 + length :]
