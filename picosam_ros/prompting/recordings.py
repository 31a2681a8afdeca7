"""The recordings that the page shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from picosam_ros.sequences.base import ImageSequence
from picosam_ros.sequences.open import open_sequence


@dataclass(frozen=True)
class Recordings:
    """Recordings by their names.

    Attributes:
        paths: of the files or folders.
        topic: of the images, in rosbag2 with several.

    """

    paths: Mapping[str, Path]
    topic: str = ''

    def open(self, name: str) -> ImageSequence:
        """Open one; who asks closes it, in the same thread. Raises PicosamError if it cannot be."""
        return open_sequence(self.paths[name], self.topic)

    def totals(self) -> dict[str, int]:
        """Return how many images each has, 0 if that is not known. Raises as `open` does."""
        totals = {}
        for name in self.paths:
            with self.open(name) as sequence:
                totals[name] = sequence.total
        return totals
