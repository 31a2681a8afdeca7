"""Writes a new rosbag2, which is whole or not there."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from picosam_ros.bags.messages import typestore
from picosam_ros.errors import BagError

# Releases before Jazzy cannot read the QoS profiles of version 9.
_VERSION: Literal[8] = 8

# Characters: with an ending, in UTF-8, less than the 255 bytes that a name may have.
_LONGEST_NAME = 60


class NewBag:
    """A new rosbag2 of some topics.

    It is written into a folder beside it, which gets its name when it is complete: at the end of
    the `with` statement. An error there leaves nothing; without a message there is no recording.

    Args:
        path: a folder that does not exist yet.
        storage: 'sqlite3' or 'mcap'.
        topics: their message types by name.

    Raises:
        BagError: the folder exists, or there is none to make it in.

    """

    def __init__(self, path: Path, storage: str, topics: Mapping[str, str]) -> None:
        if os.path.lexists(path):
            raise BagError(f'{path} exists already; give the name of a new folder')
        self.path = path
        self._storage = storage
        self._topics = topics
        self._writer: Any = None
        self._connections: dict[str, Any] = {}
        self._part: Path | None = None
        self._made: list[Path] = []
        self._stack = ExitStack()
        self._stack.callback(self._remove_parents)

    def __enter__(self) -> NewBag:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._stack:
            if self._writer is None or self._part is None:
                return
            if kind is not None:
                with suppress(Exception):  # the error that ended it is told
                    self._writer.close()
                return
            try:
                self._writer.close()
                self._part.rename(self.path)
            except (OSError, sqlite3.Error) as error:
                raise self._unwritable(error) from error

    def put(self, topic: str, at_ns: int, serialised: bytes) -> None:
        """Write a message (CDR) as recorded at `at_ns`.

        Raises:
            BagError: the folder cannot be made, or the disk is full.

        """
        if self._writer is None:
            self._open()
        try:
            self._writer.write(self._connections[topic], at_ns, serialised)
        except (OSError, sqlite3.Error) as error:
            raise self._unwritable(error) from error

    def _open(self) -> None:
        from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

        plugin = StoragePlugin[self._storage.upper()]
        try:
            self._part = self._beside() / _file_name(self.path.name)
            writer = Writer(self._part, version=_VERSION, storage_plugin=plugin)
            if plugin is StoragePlugin.MCAP:
                # Part of the format; compressed sqlite3 needs a plugin to be read.
                writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
            writer.open()
            self._writer = writer
            for topic, kind in self._topics.items():
                connection = writer.add_connection(topic, kind, typestore=typestore())
                self._connections[topic] = connection
        except (OSError, sqlite3.Error) as error:
            raise self._unwritable(error) from error

    def _beside(self) -> Path:
        """Make a folder beside the new one, and return it by a name without its parents.

        rosbags gives SQLite an address with the name as it is, in which a '#', a '?' or a '%'
        would have a meaning.
        """
        for parent in (self.path.parent, *self.path.parent.parents):
            if not parent.exists():
                self._made.append(parent)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        folder = TemporaryDirectory(prefix='picosam_', suffix='.part', dir=self.path.parent)
        made = self._stack.enter_context(folder)
        descriptor = os.open(made, os.O_RDONLY | os.O_DIRECTORY)
        self._stack.callback(os.close, descriptor)
        return Path(f'/proc/self/fd/{descriptor}')

    def _remove_parents(self) -> None:
        """Remove the folders that were made for one that was not."""
        for parent in self._made:
            with suppress(OSError):  # the new recording is in it
                parent.rmdir()

    def _unwritable(self, error: Exception) -> BagError:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return BagError(f'{self.path} cannot be written: {reason or error}')


def _file_name(folder: str) -> str:
    """Return a name for the files in a folder, with nothing that has a meaning elsewhere."""
    return re.sub(r'[^\w.-]', '_', folder)[:_LONGEST_NAME]
