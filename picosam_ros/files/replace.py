"""Writes a file so that, whatever happens, either the old or the new content is there."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

_MODE = 0o666  # less the umask, for a file that is new


class PartFile:
    """A new file beside another one, which it replaces with `keep`; else it is removed.

    Args:
        path: what it will be. A link there is replaced, not followed.

    Attributes:
        path: the new file, empty, with the same suffix.

    Raises:
        OSError: it cannot be made.

    """

    def __init__(self, path: Path) -> None:
        self._whole = path
        # Not the other's name: with more letters it may be too long.
        self.path = path.with_name(f'picosam_{secrets.token_hex(8)}.part{path.suffix}')
        self._mode = stat.S_IMODE(path.lstat().st_mode) if path.is_file() else None
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(self.path, flags, _MODE), 'wb') as made:
            if self._mode is not None:  # no moment in which others may read it
                os.fchmod(made.fileno(), self._mode | stat.S_IRUSR | stat.S_IWUSR)

    def write(self, content: bytes) -> None:
        """Write all of it; a link that somebody put in its place meanwhile is not followed."""
        with os.fdopen(os.open(self.path, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW), 'wb') as file:
            file.write(content)

    def keep(self) -> None:
        """Give it the other's name and, where that is there, its permissions."""
        _sync(self.path)
        if self._mode is not None:
            self.path.chmod(self._mode)
        self.path.replace(self._whole)
        _sync(self._whole.parent)

    def remove(self) -> None:
        """Remove it, unless it has the other's name by now."""
        with suppress(OSError):
            self.path.unlink()

    def __enter__(self) -> PartFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def replace_file(path: Path, content: bytes) -> None:
    """Write `content` to a file; one that is there keeps its mode.

    No link that somebody put there is followed.

    Raises:
        OSError: it cannot be written, or `path` is a link or no file. What was there is untouched.

    """
    _check(path)
    with PartFile(path) as part:
        part.write(content)
        part.keep()


def _check(path: Path) -> None:
    try:
        found = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(found):
        target = str(path.readlink())
        raise OSError(errno.ELOOP, f'it is a symbolic link to {target!r}, give that file itself')
    if not stat.S_ISREG(found):
        raise OSError(errno.EINVAL, 'it is a folder or a device, not a file')


def _sync(path: Path) -> None:
    """Let a file, or the names in a folder, outlast a loss of power, where that is possible."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:  # a folder that may be written and not listed
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
