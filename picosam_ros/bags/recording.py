"""Reads the images of a rosbag2; of a damaged one, those that can be read."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

from picosam_ros.bags import mcap, sqlite
from picosam_ros.bags.channels import Channel, StorageFile
from picosam_ros.bags.compression import decompress_file, decompress_message
from picosam_ros.bags.messages import IMAGE_TYPES
from picosam_ros.errors import BagError, PicosamError
from picosam_ros.files.yaml import read_yaml

STORAGES = ('.db3', '.mcap')
COMPRESSED = '.zstd'
_LARGEST_METADATA = 2**25
_TOLD = 3


@dataclass(frozen=True)
class Recorded:
    """A recorded message.

    Attributes:
        at_ns: time of recording, in nanoseconds.
        kind: message type, such as sensor_msgs/msg/Image.
        serialised: CDR.

    """

    at_ns: int
    kind: str
    serialised: bytes


class Recording:
    """An open rosbag2: a folder, or a single .db3 or .mcap file, compressed or not.

    Attributes:
        notes: sentences about what is left out though nothing is damaged.
        topics: image topics and their numbers of messages.
        storage: 'sqlite3' or 'mcap'.

    Raises:
        BagError: there is no recording, or nothing in it can be read.

    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.storage = ''
        self._damage: list[str] = []
        self._stack = ExitStack()
        self._scratch: Path | None = None
        try:
            self._files = self._opened()
        except BaseException:
            self._stack.close()
            raise
        self.topics = self.topics_of(IMAGE_TYPES)
        left_out = {
            channel.topic: channel.unreadable for channel in self._channels() if channel.unreadable
        }
        self.notes = [f'topic {topic} is left out: {why}' for topic, why in left_out.items()]

    @property
    def damage(self) -> str:
        """Why not all messages could be read, so far; empty if nothing is wrong."""
        told = '; '.join(self._damage[:_TOLD])
        more = len(self._damage) - _TOLD
        return f'{told}; and {more} more' if more > 0 else told

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files."""
        self._stack.close()

    def topics_of(self, kinds: Collection[str]) -> dict[str, int]:
        """Return the topics of these types and their numbers of messages."""
        found: dict[str, int] = {}
        for channel in self._channels():
            if channel.kind in kinds and not channel.unreadable:
                found[channel.topic] = found.get(channel.topic, 0) + channel.count
        return found

    def choose(self, topic: str, what: str = 'image', kinds: Collection[str] = IMAGE_TYPES) -> str:
        """Return the topic, or the only one there is if none is given.

        Args:
            topic: its name, or ''.
            what: the messages are, for errors.
            kinds: types that it may have.

        Raises:
            BagError: there is no such topic, or several if none is given.

        """
        topics = self.topics_of(kinds)
        there = ', '.join(f'{name} ({count})' for name, count in topics.items())
        if not topics:
            why = ''.join(f'; {note}' for note in self.notes[:1])
            raise BagError(f'{self.path} has no {what} topics (of type {" or ".join(kinds)}){why}')
        if topic and topic not in topics:
            raise BagError(f'{what} topic {topic!r} was given; {self.path} has {there}')
        if not topic and len(topics) > 1:
            raise BagError(f'{self.path} has several {what} topics, {there}; name one of them')
        return topic or next(iter(topics))

    def images(self, topic: str) -> Iterator[Recorded]:
        """Yield the messages of an image topic, see `messages`."""
        return self.messages(topic, IMAGE_TYPES)

    def messages(self, topic: str, kinds: Collection[str]) -> Iterator[Recorded]:
        """Yield a topic's messages of these types in the order of their recording.

        Those of damaged parts are left out; `damage` has the reason then.
        """
        for path, file in self._files:
            wanted = {
                channel.number: channel.kind
                for channel in file.channels
                if channel.topic == topic and channel.kind in kinds and not channel.unreadable
            }
            for number, at_ns, data in file.messages(wanted) if wanted else ():
                try:
                    yield Recorded(at_ns, wanted[number], decompress_message(data))
                except BagError as error:
                    self._damaged(str(error), path)
            self._damaged(file.damage, path)

    def _channels(self) -> Iterator[Channel]:
        return (channel for _, file in self._files for channel in file.channels)

    def _opened(self) -> list[tuple[Path, StorageFile]]:
        files: list[tuple[Path, StorageFile]] = []
        for number, path in enumerate(self._paths()):
            try:
                file = self._open(path, number)
            except (PicosamError, OSError) as error:
                self._damaged(_reason(error), path)
                continue
            self._stack.callback(file.close)
            self._damaged(file.damage, path)
            files.append((path, file))
        if not any(channel.count for _, file in files for channel in file.channels):
            raise self._unreadable(self.damage or 'it holds no message')
        return files

    def _paths(self) -> list[Path]:
        """Return the storage files in the order of recording."""
        path = self.path
        if path.is_file():
            if not _is_storage(path):
                raise self._unreadable(f'its name does not end in {" or ".join(STORAGES)}')
            return [path]
        if not path.is_dir():
            why = 'is no file and no folder' if path.exists() else 'does not exist'
            raise BagError(f'{path} {why}; give a rosbag2 folder or file')
        try:
            there = [file for file in path.iterdir() if _is_storage(file) and file.is_file()]
        except OSError as error:
            raise self._unreadable(_reason(error)) from error
        there.sort(key=lambda file: (len(file.name), file.name))
        return self._listed(there) or there

    def _listed(self, there: list[Path]) -> list[Path]:
        """Return the files that metadata.yaml lists and that are there."""
        metadata = self.path / 'metadata.yaml'
        if not metadata.exists():
            self._damaged('it has no metadata.yaml')
            return []
        try:
            names = read_yaml(metadata, _LARGEST_METADATA)['rosbag2_bagfile_information'][
                'relative_file_paths'
            ]
            listed = [self.path / PurePath(name).name for name in names]
        except (PicosamError, KeyError, TypeError, AttributeError) as error:
            self._damaged(f'its metadata.yaml cannot be read ({error})')
            return []
        found = [file for file in listed if file in there]
        if missing := [file.name for file in listed if file not in there]:
            self._damaged(f'{", ".join(missing)} of its metadata.yaml is not there')
        return found

    def _open(self, path: Path, number: int) -> StorageFile:
        if path.suffix == COMPRESSED:
            whole = self._scratch_path(f'{number}{Path(path.stem).suffix}')
            try:
                decompress_file(path, whole)
            except BagError as error:
                self._damaged(str(error), path)
            path = whole
        with path.open('rb') as file:
            head = file.read(len(sqlite.MAGIC))
        if not head:
            raise BagError('it is empty')
        if head.startswith(mcap.MAGIC):
            self.storage = self.storage or 'mcap'
            return mcap.McapFile(path)
        self.storage = self.storage or 'sqlite3'
        return sqlite.SqliteFile(path, lambda: self._scratch_path(f'{number}_copy.db3'))

    def _scratch_path(self, name: str) -> Path:
        if self._scratch is None:
            folder = TemporaryDirectory(prefix='picosam_bag_')
            self._scratch = Path(self._stack.enter_context(folder))
        return self._scratch / name

    def _damaged(self, why: str, part: Path | None = None) -> None:
        named = f'{part.name}: {why}' if why and part not in (None, self.path) else why
        if why and named not in self._damage:
            self._damage.append(named)

    def _unreadable(self, reason: str) -> BagError:
        return BagError(
            f'{self.path} cannot be read as a rosbag2: {reason.rstrip(".")}; give the folder that '
            '"ros2 bag record" wrote, or a .db3 or .mcap file'
        )


def _is_storage(path: Path) -> bool:
    name = path.name.removesuffix(COMPRESSED)
    return name.endswith(STORAGES)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__
