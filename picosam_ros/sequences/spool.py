"""A stack of bytes on the disk: what is read forwards once can be gone through backwards."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from tempfile import TemporaryFile, gettempdir

from picosam_ros.errors import PicosamError


class Spool:
    """Keeps pieces of bytes in a temporary file, which is gone when it is closed.

    In memory are eight bytes a piece.

    Args:
        error: what is raised where there is no room for them; its sentence names TMPDIR.

    """

    def __init__(self, error: type[PicosamError]) -> None:
        self._error = error
        self._ends = array('Q', [0])
        try:
            # Unbuffered: what a full disk did not take would be written again on closing.
            self._file = TemporaryFile(prefix='picosam_', buffering=0)  # noqa: SIM115
        except OSError as error:
            raise self._no_room(error) from error

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, piece: bytes) -> None:
        """Write a piece; raises the error if there is no room."""
        left = memoryview(piece)
        try:
            self._file.seek(self._ends[-1])
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise self._no_room(error) from error
        self._ends.append(self._ends[-1] + len(piece))

    def backwards(self) -> Iterator[bytes]:
        """Yield the pieces, the last one first; raises the error if the disk fails."""
        for index in range(len(self._ends) - 1, 0, -1):
            begin, end = self._ends[index - 1 : index + 1]
            try:
                yield self._read(begin, end - begin)
            except OSError as error:
                raise self._no_room(error) from error

    def _read(self, begin: int, length: int) -> bytes:
        self._file.seek(begin)
        piece = bytearray()
        while len(piece) < length:
            more = self._file.read(length - len(piece))
            if not more:
                raise OSError('its temporary file was cut off')
            piece += more
        return bytes(piece)

    def _no_room(self, error: OSError) -> PicosamError:
        return self._error(
            f'images cannot be kept in {gettempdir()} to go through them backwards: '
            f'{error.strerror or error}; make room there, or set TMPDIR to another folder'
        )
