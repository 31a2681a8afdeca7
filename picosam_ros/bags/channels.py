"""What a file of a recording holds."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Channel:
    """Messages of one topic in one file.

    Attributes:
        number: in the file.
        topic: its name.
        kind: message type, such as sensor_msgs/msg/Image; may be empty if it cannot be read.
        count: number of messages.
        unreadable: why it cannot be read; empty if it can.

    """

    number: int
    topic: str
    kind: str
    count: int
    unreadable: str = ''


class StorageFile(Protocol):
    """An open file of a recording.

    Attributes:
        channels: what it holds.
        damage: why not all of it can be read, so far; empty if nothing is wrong.

    """

    channels: tuple[Channel, ...]
    damage: str

    def messages(self, wanted: Collection[int]) -> Iterator[tuple[int, int, bytes]]:
        """Yield channel, time of recording in nanoseconds and message, in order of the times.

        They end early where the file is damaged; `damage` has the reason then.
        """

    def close(self) -> None:
        """Close the file."""
