"""Which pictures a command is about, and where what it makes of each is written."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from picosam_ros.cameras.photos import SUFFIXES
from picosam_ros.commands.outputs import check_output, reason
from picosam_ros.errors import ImageError, OutputError


def is_one_file(given: Sequence[Path]) -> bool:
    """Whether a single picture was named, and no folder or pattern."""
    return len(given) == 1 and not given[0].is_dir() and not _is_pattern(given[0])


def find_pictures(given: Iterable[Path]) -> list[Path]:
    """Return the pictures that were named: files as they are, those of folders, and of patterns.

    Raises:
        ImageError: a folder has none, or a pattern fits none.

    """
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            found += _in_folder(path)
        elif _is_pattern(path):
            found += _fitting(path)
        else:
            found.append(path)
    return list(dict.fromkeys(found))


@dataclass(frozen=True)
class OutputFolder:
    """A file for each picture, by the name that the picture has.

    Attributes:
        path: made where it is missing.
        suffix: of the files in it.

    """

    path: Path
    suffix: str

    def begin(self, pictures: Sequence[Path]) -> None:
        """Make the folder, once it is sure that nothing is written over.

        Raises:
            OutputError: two pictures have one name, a file would be written over a picture, or
                the folder cannot be made.

        """
        owners: dict[Path, Path] = {}
        for picture in pictures:
            file = self.file_of(picture)
            other = owners.setdefault(file, picture)
            if other is not picture:
                raise OutputError(
                    f'{other} and {picture} would both be {file}; segment them one folder at a time'
                )
        for file in owners:
            if file.exists():
                check_output(file, pictures)
        try:
            self.path.mkdir(exist_ok=True)
        except OSError as error:
            raise OutputError(
                f'the folder {self.path} cannot be made: {reason(error)}; of several pictures '
                '-o and --overlay name folders'
            ) from error

    def file_of(self, picture: Path) -> Path:
        """Return the file of a picture."""
        return self.path / f'{picture.stem}{self.suffix}'


def _is_pattern(path: Path) -> bool:
    return not path.exists() and glob.has_magic(str(path))


def _in_folder(folder: Path) -> list[Path]:
    try:
        pictures = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    except OSError as error:
        raise ImageError(f'folder {folder} cannot be read: {reason(error)}') from error
    if not pictures:
        raise ImageError(
            f'folder {folder} has no picture in it: looked for files that end in '
            f'{", ".join(SUFFIXES)}'
        )
    return pictures


def _fitting(pattern: Path) -> list[Path]:
    names = sorted(glob.glob(str(pattern), recursive=True))  # noqa: PTH207 - Path.glob takes no whole path
    files = [path for path in map(Path, names) if path.is_file()]
    if not files:
        raise ImageError(f'no file fits {pattern}; ** stands for folders within folders')
    return files
