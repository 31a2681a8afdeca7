"""Strangers at the sockets of `picosam view`: malformed, silent, too many, and no descriptors."""

from __future__ import annotations

import asyncio
import json
import random
import resource
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

import aiohttp

from benchmarks.attack.malformed import broken_frame, broken_request, upgrade
from benchmarks.report import Row
from benchmarks.rigs.process_sizes import read_sizes

COMMAND = (sys.executable, '-m', 'picosam_ros', 'view', '--simulate', '--port', '0', '--json')
IDLE = 500
AT_ONCE = 32
# Without a file descriptor, more connections than the listening socket queues.
STARVED = 100
# The first refusals allocate what stays; so much more may the process hold at the end.
GROWTH_MB = 16.0
# A picture may stand still for so long at most while strangers knock, on a busy machine.
GAP_S = 5.0
# Until strangers' connections are all closed, and a new browser has its picture.
PATIENCE_S = 30.0


def run(count: int, seed: int) -> Iterator[Row]:
    """Send so many malformed requests, and as many frames to open sockets; then the crowds.

    Args:
        count: of each.
        seed: of what is sent.

    Yields:
        The facts.

    """
    with tempfile.TemporaryFile('w+') as printed:
        view = subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=printed, text=True)
        try:
            assert view.stdout is not None
            url = json.loads(view.stdout.readline())['url']
            yield from asyncio.run(_attack(url, view.pid, count, random.Random(seed)))
            yield Row('ended by itself', int(view.poll() is not None), '', 0)
        finally:
            view.terminate()
            code = view.wait(PATIENCE_S)
        yield Row('exit code after SIGTERM', abs(code), '', 0)
        yield Row('lines printed', _lines(printed), '', 0)


async def _attack(url: str, pid: int, count: int, chance: random.Random) -> Sequence[Row]:
    port = urlsplit(url).port
    assert port is not None
    process = Path('/proc') / str(pid)
    rows = []
    async with Browser.open(url) as witness:
        await witness.sees(10)
        # What the first strangers leave behind is not what each of them does.
        for one in (_malformed, _rude_socket):
            await _strangers(one, port, 4 * AT_ONCE, chance)
        await _quiet(process, witness.files_of(process))
        before = read_sizes(process)['Rss'], witness.files_of(process)
        rows += [Row('malformed requests', count), Row('malformed frames', count)]
        for name, attack in (
            ('requests', lambda: _strangers(_malformed, port, count, chance)),
            ('frames', lambda: _strangers(_rude_socket, port, count, chance)),
            (f'{IDLE} idle connections', lambda: _idle(port)),
            ('no file descriptor', lambda: _starve(port, pid)),
        ):
            witness.gap = 0.0
            await attack()
            await witness.sees(3)
            rows.append(Row(f'longest gap of the picture, {name}', witness.gap, 's', GAP_S))
        files = await _quiet(process, before[1])
        rows.append(Row('files left open', files - before[1], '', 0))
        grown = read_sizes(process)['Rss'] - before[0]
        rows.append(Row('memory grown', grown, 'MB', GROWTH_MB))
        await witness.sees(30)
        refused = await witness.refused()
    unheard = 0
    async with Browser.open(url) as late:
        unheard = int(not await late.sees(3))
    counted = sum(refused.values())
    rows.append(Row('new browser without a picture', unheard, '', 0))
    rows.append(Row('refusals counted', counted, note=', '.join(sorted(refused))))
    rows.append(Row('failures of the server', refused.get('failure', 0), '', 0))
    return rows


class Browser:
    """A good one: it acknowledges every frame.

    Attributes:
        gap: longest time between two frames, in seconds; may be set to 0.

    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.gap = 0.0
        self._socket = socket
        self._frames = 0
        self._last = time.monotonic()
        self._refused: dict[str, int] | None = None
        self._changed = asyncio.Condition()

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Browser]:
        """Connect, and read until the block is left."""
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f'{url}socket', max_msg_size=0) as socket,
        ):
            browser = cls(socket)
            reading = asyncio.create_task(browser._read())
            try:
                yield browser
            finally:
                reading.cancel()

    async def sees(self, frames: int) -> bool:
        """Wait for so many frames more; return whether they came."""
        last = self._frames + frames
        return await self._wait(lambda: self._frames >= last)

    async def refused(self) -> dict[str, int]:
        """Return what the next report counts as refused, by cause."""
        self._refused = None
        await self._wait(lambda: self._refused is not None)
        return self._refused or {}

    @staticmethod
    def files_of(process: Path) -> int:
        """Count the open files of a process."""
        return sum(1 for _ in (process / 'fd').iterdir())

    async def _wait(self, condition: Callable[[], bool]) -> bool:
        async with self._changed:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._changed.wait_for(condition), PATIENCE_S)
        return condition()

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type == aiohttp.WSMsgType.BINARY:
                (length,) = struct.unpack_from('<I', message.data)
                number = json.loads(message.data[4 : 4 + length])['number']
                await self._socket.send_json({'type': 'ack', 'number': number})
                now = time.monotonic()
                self.gap, self._last = max(self.gap, now - self._last), now
                self._frames += 1
            elif message.type == aiohttp.WSMsgType.TEXT:
                self._note(json.loads(message.data))
            async with self._changed:
                self._changed.notify_all()

    def _note(self, text: dict[str, Any]) -> None:
        for component in text.get('components', ()):
            if component['name'].endswith(': viewer'):
                self._refused = {
                    name.removeprefix('refused (').removesuffix(')'): int(value)
                    for name, value in component['values'].items()
                    if name.startswith('refused (')
                }


Stranger = Callable[[int, random.Random], Awaitable[None]]


async def _strangers(one: Stranger, port: int, count: int, chance: random.Random) -> None:
    for first in range(0, count, AT_ONCE):
        number = min(AT_ONCE, count - first)
        await asyncio.gather(*(one(port, chance) for _ in range(number)))


async def _malformed(port: int, chance: random.Random) -> None:
    async with _connection(port) as (reader, writer):
        writer.write(broken_request(port, chance))
        # Half of them hang up at once.
        if chance.random() < 0.5:
            await asyncio.wait_for(reader.read(4096), 1.0)


async def _rude_socket(port: int, chance: random.Random) -> None:
    async with _connection(port) as (reader, writer):
        writer.write(upgrade(port))
        await asyncio.wait_for(reader.readuntil(b'\r\n\r\n'), PATIENCE_S)
        for _ in range(chance.randint(1, 4)):
            writer.write(broken_frame(chance))
            await writer.drain()
        await asyncio.wait_for(reader.read(4096), 1.0)


async def _idle(port: int) -> None:
    async with asyncio.TaskGroup() as silent:
        for number in range(IDLE):
            silent.create_task(_say_nothing(port, b'GET / HTTP/1.1\r\nHos' if number % 2 else b''))


async def _say_nothing(port: int, begun: bytes) -> None:
    async with _connection(port) as (reader, writer):
        writer.write(begun)
        await asyncio.wait_for(reader.read(), PATIENCE_S)


async def _starve(port: int, pid: int) -> None:
    """Leave the server no file descriptor, and connect all the same."""
    given = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = max(int(file.name) for file in Path(f'/proc/{pid}/fd').iterdir())
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 1, given[1]))
    try:
        waiting = [asyncio.create_task(_say_nothing(port, b'')) for _ in range(STARVED)]
        await asyncio.sleep(2.0)
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, given)
    await asyncio.gather(*waiting)


async def _quiet(process: Path, files: int) -> int:
    """Wait until no more files than these are open; return how many are."""
    end = time.monotonic() + PATIENCE_S
    while (left := Browser.files_of(process)) > files and time.monotonic() < end:
        await asyncio.sleep(0.1)
    return left


@asynccontextmanager
async def _connection(
    port: int,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    # What the server does to a stranger, closing included, is no error here.
    with suppress(OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()


def _lines(printed: TextIO) -> int:
    printed.seek(0)
    lines = printed.read().splitlines()
    for line in lines[:20]:
        print(line, file=sys.stderr)
    return len(lines)
