"""Puts messages together as one MCAP file, which is gone when it is closed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any, BinaryIO, Protocol

from picosam_ros.bags.messages import typestore
from picosam_ros.errors import BagError

_NAME = 'picosam'


class Message(Protocol):
    """What is written; `topic`, its type `kind`, when it was recorded, and its bytes (CDR)."""

    @property
    def topic(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def at_ns(self) -> int: ...
    @property
    def serialise(self) -> Callable[[], bytes]: ...


def open_clip(messages: Iterable[Message], cancelled: Callable[[], bool]) -> BinaryIO:
    """Return an open file that holds the messages and, as rosbag2 reads them, their types.

    Args:
        messages: at least one.
        cancelled: asked before each message.

    Raises:
        BagError: there is no message, rosbags is missing, it was cancelled, or there is no room.

    """
    try:
        with TemporaryDirectory(prefix='picosam_') as folder:
            path = Path(folder) / _NAME
            _write(path, messages, cancelled)
            return (path / f'{_NAME}.mcap').open('rb')
    except OSError as error:
        raise BagError(
            f'the recording cannot be written in {gettempdir()}: {error.strerror or error}; '
            'make room there, or set TMPDIR to another folder'
        ) from error


def _write(path: Path, messages: Iterable[Message], cancelled: Callable[[], bool]) -> None:
    types = typestore()  # first, for its error where rosbags is missing
    from rosbags.rosbag2 import StoragePlugin, Writer

    connections: dict[str, Any] = {}
    with Writer(path, version=8, storage_plugin=StoragePlugin.MCAP) as writer:
        for message in messages:
            if cancelled():
                raise BagError('the recording was cancelled: the viewer ends')
            topic = message.topic
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, message.kind, typestore=types)
            writer.write(connections[topic], message.at_ns, message.serialise())
    if not connections:
        raise BagError('nothing was recorded yet: wait until the page shows an image')
