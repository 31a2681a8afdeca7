"""Files that commands write: never over what they read, and never half of one."""

from __future__ import annotations

import argparse
import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from picosam_ros.errors import OutputError
from picosam_ros.files.replace import PartFile

# Names of the arguments of all commands, as argparse keeps them.
INPUTS = (
    'image',
    'video',
    'bag',
    'recordings',
    'images',
    'annotations',
    'prompts',
    'boxes',
    'model',
    'encoder',
    'decoder',
    'sensor_network',
    'source',
)
OUTPUTS = ('mask', 'overlay', 'coco', 'out', 'sheet', 'plot')
# Inputs that are folders, and nothing is written into.
_CLOSED = ('bag', 'recordings')

Identity = tuple[int, int, str]


def check_arguments(arguments: argparse.Namespace) -> None:
    """Refuse an output that is an input or another output, or that has no place.

    Raises:
        OutputError: the sentence names both.

    """
    outputs, inputs, closed = (
        [path for name in names for path in _paths(getattr(arguments, name, None))]
        for names in (OUTPUTS, INPUTS, _CLOSED)
    )
    for number, output in enumerate(outputs):
        check_output(output, inputs)
        if any(is_same(output, other) for other in outputs[:number]):
            raise OutputError(f'{output} was given for two outputs; give each a file of its own')
        for folder in closed:
            if folder.is_dir() and _is_inside(output, folder):
                raise OutputError(
                    f'the output {output} lies inside of the input {folder}; give a folder '
                    'outside of it'
                )


def check_output(output: Path, inputs: Iterable[Path]) -> None:
    """Raise OutputError if the output is one of the files or folders that are read."""
    for given in inputs:
        if is_same(output, given):
            raise OutputError(
                f'the output {output} is the input {given}; give the output another name'
            )


def is_same(one: Path, other: Path) -> bool:
    """Whether two paths are one file or folder, by links or however they are written.

    A device or a pipe, such as /dev/stdout, is never: nothing is lost there.
    """
    identity = _identity(one)
    return identity is not None and identity == _identity(other)


def check_place(path: Path) -> None:
    """Raise OutputError if a file cannot be written at this path."""
    if not path.parent.is_dir():
        raise OutputError(f'{path} cannot be written: there is no folder {path.parent}')
    if path.is_dir():
        raise OutputError(f'{path} cannot be written: it is a folder; give the name of a file')
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise OutputError(f'{path} cannot be written: permission denied')


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole: where that fails, what was there before stays.

    Raises:
        OutputError: it cannot be written.

    """
    try:
        if path.exists() and not path.is_file():  # a device or a pipe
            path.write_bytes(content)
            return
        with open_part(path) as part:
            part.write(content)
            part.keep()
    except OSError as error:
        raise OutputError(f'{path} cannot be written: {reason(error)}') from error


def open_part(path: Path) -> PartFile:
    """Begin a file that replaces the one at `path`, or that to which a link there leads.

    Raises:
        OSError: it cannot be made, or `path` is a device or a pipe, which nothing replaces.

    """
    whole = Path(os.path.realpath(path))
    if whole.exists() and not whole.is_file():
        raise OSError(errno.EINVAL, 'it is a device or a pipe, not a file')
    return PartFile(whole)


def reason(error: OSError) -> str:
    """Return the system's words for an error."""
    return (error.strerror or str(error)).lower()


def _paths(given: object) -> list[Path]:
    """Return the path, or the several, that were given; the prompts of `bench` are a number."""
    several = given if isinstance(given, list) else [given]
    return [Path(one) for one in several if one and isinstance(one, (str, Path))]


def _identity(path: Path) -> Identity | None:
    """Return device and inode; of a file that is not there yet its folder's, and its name."""
    try:
        found = path.stat()
    except OSError:
        whole = Path(os.path.realpath(path))
        try:
            folder = whole.parent.stat()
        except OSError:
            return (0, 0, str(whole))
        return (folder.st_dev, folder.st_ino, whole.name)
    known = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
    return (found.st_dev, found.st_ino, '') if known else None


def _is_inside(path: Path, folder: Path) -> bool:
    return any(is_same(parent, folder) for parent in Path(os.path.realpath(path)).parents)
