"""What every format of data sets can do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from picosam_ros.labelling.labelled import LabelledImage
from picosam_ros.sequences.base import SequenceImage

TRAIN, VALIDATION = 'train', 'val'


@dataclass(frozen=True, eq=False)
class Example:
    """An image of a recording and its labels.

    Attributes:
        recording: its name: unique, and fit for names of files.
        split: TRAIN or VALIDATION, the same for all of a recording.
        image: as it was recorded.
        labels: of it; None where nobody has answered its doubts, or the image was rejected.
        chosen: whether it differs enough from the last chosen one to be worth an example. Formats
            of single images take the chosen ones that have labels; those of sequences take all.

    """

    recording: str
    split: str
    image: SequenceImage
    labels: LabelledImage | None
    chosen: bool

    @property
    def name(self) -> str:
        """Name for files, without a suffix."""
        return f'{self.recording}_{self.image.number:06d}'

    @property
    def single(self) -> LabelledImage | None:
        """Its labels, if it is one for the formats of single images."""
        return self.labels if self.chosen else None


@dataclass(frozen=True)
class Contents:
    """What a data set is about.

    Attributes:
        names: of the classes, in the order of their first prompt; class 1 is the first.
        recordings: paths of the recordings by their names.
        polygons: whether COCO's masks are polygons instead of run lengths.

    """

    names: tuple[str, ...]
    recordings: dict[str, Path]
    polygons: bool = False

    def class_of(self, name: str) -> int:
        """Return the number of a class, from 1 on."""
        return self.names.index(name) + 1


class Format(Protocol):
    """Writes examples into a new folder, in the order in which they are given.

    Those of a recording follow one another, by their numbers.
    """

    def add(self, example: Example) -> None:
        """Add an example. Raises OSError or PicosamError if it cannot be written."""

    def close(self) -> None:
        """Write what is not written yet, and close all files.

        It may be called again; it is called after an error, too, and the folder is removed then.

        Raises:
            OSError, PicosamError: it cannot be written.

        """


@dataclass(frozen=True)
class Written:
    """How much of a data set was written.

    Attributes:
        images: by split.
        labels: masks, by name of their class.
        same: images left out because they differ too little from the last one.
        unanswered: images left out because nobody has answered their doubts, or a person rejected
            them.

    """

    images: dict[str, int]
    labels: dict[str, int]
    same: int
    unanswered: int

    @property
    def total(self) -> int:
        """Images of all splits."""
        return sum(self.images.values())
