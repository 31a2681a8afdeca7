"""What every sequence of images can do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from picosam_ros.frame import Frame


@dataclass(frozen=True, eq=False)
class SequenceImage:
    """One image of a sequence.

    Attributes:
        number: from 0 on. Images that cannot be read have numbers, too, so that a number stays the
            same image's.
        frame: its pixels, with the header's stamp or the time within the film.
        recorded_ns: time of recording, in nanoseconds; in a film or folder that of the frame.
        jpeg: the JPEG file as it is stored, where it has the pixels of `frame`, unrotated; else
            empty.

    """

    number: int
    frame: Frame
    recorded_ns: int
    jpeg: bytes = b''


class ImageSequence(Protocol):
    """Images that can be read several times, from the first to the last or back.

    Attributes:
        path: of the file or folder.
        total: how many images there are, by its own account; 0 if that is not known.
        refused: images that could not be read, by number, with the reason.

    """

    path: Path
    total: int
    refused: dict[int, str]

    @property
    def damage(self) -> str:
        """Why not all of it could be read, so far; empty if nothing is wrong."""

    @property
    def notes(self) -> Sequence[str]:
        """Sentences about what is left out though nothing is damaged."""

    def images(self, first: int = 0, end: int | None = None) -> Iterator[SequenceImage]:
        """Yield the images with numbers from `first` to before `end`; None is all of the rest."""

    def reversed(self, first: int, end: int) -> Iterator[SequenceImage]:
        """Yield the images with numbers from before `end` back to `first`."""

    def close(self) -> None:
        """Close the files; the end of a `with` does so, too."""

    def __enter__(self) -> ImageSequence: ...

    def __exit__(self, *_: object) -> None: ...
