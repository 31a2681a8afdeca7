"""Reads the images of a rosbag2, also of one that is damaged, as far as that goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from picosam_ros.bags.messages import IMAGE_TYPES
from picosam_ros.bags.recover import salvage
from picosam_ros.bags.types import typestore
from picosam_ros.errors import BagError

STORAGES = ('.db3', '.mcap')


@dataclass(frozen=True)
class Recorded:
    """One message as it was recorded.

    Attributes:
        at_ns: when it was recorded, in nanoseconds.
        kind: its type, one of IMAGE_TYPES.
        serialised: CDR.

    """

    at_ns: int
    kind: str
    serialised: bytes


class Recording:
    """A rosbag2 that is open: a folder, or a single .db3 or .mcap file.

    What the libraries raise on damaged data is of many kinds (a length that overflows, a schema
    that is not there, a frame that does not decompress): any of it ends the images, and is told.

    Attributes:
        damage: why not all of it could be read, so far; empty if nothing is wrong.
        topics: of images, and their number of messages.
        storage: 'sqlite3' or 'mcap'.

    Raises:
        BagError: there is no recording, or nothing of it can be read.

    """

    def __init__(self, path: Path) -> None:
        typestore()  # tells what is missing before anything else does
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
            BagError: the choice is not unique, or there is no such topic.

        """
        there = ', '.join(f'{name} ({count})' for name, count in self.topics.items())
        if not self.topics:
            raise BagError(f'{self.path} holds no images: none of {" or ".join(IMAGE_TYPES)}')
        if topic and topic not in self.topics:
            raise BagError(f'image topic {topic!r} was given; {self.path} has {there}')
        if not topic and len(self.topics) > 1:
            raise BagError(f'{self.path} has several image topics, {there}; name one of them')
        return topic or next(iter(self.topics))

    def images(self, topic: str) -> Iterator[Recorded]:
        """Yield the messages of a topic in the order of their recording.

        They end early where the recording is damaged; `damage` tells it then.
        """
        for reader in self._readers:
            wanted = [c for c in reader.connections if c.topic == topic]
            if not wanted:
                continue
            try:
                for connection, at_ns, serialised in reader.messages(wanted):
                    yield Recorded(at_ns, connection.msgtype, serialised)
            except Exception as error:  # noqa: BLE001 - see Recording
                self.damage = self.damage or _sentence(error)
                return

    def _opened(self) -> list[Any]:
        from rosbags.rosbag2 import Reader

        if not self.path.exists():
            raise BagError(f'there is no recording at {self.path}')
        if self.path.is_file() and self.path.suffix not in STORAGES:
            raise self._useless(f'its name does not end in {" or ".join(STORAGES)}')
        try:
            return [self._stack.enter_context(Reader(self.path))]
        except FileNotFoundError:
            self.damage = 'it has no metadata.yaml'
        except Exception as error:  # noqa: BLE001 - see Recording
            self.damage = _sentence(error)
        scratch = Path(self._stack.enter_context(TemporaryDirectory(prefix='picosam_bag_')))
        files = [self.path] if self.path.is_file() else _files(self.path)
        readers = []
        for number, file in enumerate(files):
            try:
                whole = salvage(file, scratch / f'{number}{file.suffix}')
                readers.append(self._stack.enter_context(Reader(whole)))
            except Exception as error:  # noqa: BLE001 - see Recording
                self.damage = f'{file.name}: {_sentence(error)}'
        if not any(reader.message_count for reader in readers):
            raise self._useless(self.damage)
        return readers

    def _useless(self, reason: str) -> BagError:
        return BagError(
            f'{self.path} is no rosbag2 that can be read: {reason.rstrip(".")}; give the folder '
            'that "ros2 bag record" made, or a .db3 or .mcap file'
        )


def _files(folder: Path) -> list[Path]:
    """The storage files, in the order in which they were recorded."""
    found = [file for file in folder.iterdir() if file.suffix in STORAGES]
    return sorted(found, key=lambda file: (len(file.name), file.name))


def _sentence(error: Exception) -> str:
    return str(error) or type(error).__name__
