"""Reads and writes plain CDR (OMG DDSI-RTPS 2.5, section 10), the bytes of ROS messages.

A header of four bytes names the byte order; the fields follow, each aligned to its size.
"""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

NANOSECONDS = 1_000_000_000  # in a second

_HEADER = 4
_LITTLE_ENDIAN = b'\0\1\0\0'


class Reader:
    """Reads the fields of a serialised message in their order.

    Args:
        serialised: the whole message.

    Raises:
        IndexError, struct.error, UnicodeDecodeError: of all methods; the bytes end before the
            field does, or are not text.

    """

    def __init__(self, serialised: bytes) -> None:
        self._bytes = serialised
        self._order = '<' if serialised[1] & 1 else '>'
        self._at = _HEADER

    def get(self, kind: str) -> int:
        """Read a number of a kind of the module struct."""
        size = struct.calcsize(self._order + kind)
        self._at += -(self._at - _HEADER) % size
        value: int = struct.unpack_from(self._order + kind, self._bytes, self._at)[0]
        self._at += size
        return value

    def text(self) -> str:
        """Read a string."""
        return self.octets()[:-1].tobytes().decode()  # without the terminating zero

    def octets(self) -> npt.NDArray[np.uint8]:
        """Read a sequence of uint8: a view of the message."""
        length = self.get('I')
        if len(self._bytes) - self._at < length:
            raise IndexError(f'{length} bytes announced, {len(self._bytes) - self._at} left')
        octets = np.frombuffer(self._bytes, np.uint8, length, self._at)
        self._at += length
        return octets

    def header(self) -> tuple[int, str]:
        """Read a std_msgs/Header: its stamp in nanoseconds, and its frame id."""
        stamp_ns = self.get('i') * NANOSECONDS + self.get('I')
        return stamp_ns, self.text()


class Writer:
    """Writes the fields of a message in their order."""

    def __init__(self) -> None:
        self._parts: list[bytes | memoryview] = [_LITTLE_ENDIAN]
        self._size = 0

    def message(self) -> bytes:
        """Return the serialised message."""
        return b''.join(self._parts)

    def put(self, kinds: str, *values: float) -> None:
        """Write numbers of kinds of the module struct, the largest kind first."""
        padding = -self._size % struct.calcsize(kinds[0])
        self._append(struct.pack(f'<{padding}x{kinds}', *values))

    def text(self, text: str) -> None:
        """Write a string."""
        self.octets(text.encode() + b'\0')

    def octets(self, octets: bytes | npt.NDArray[np.uint8]) -> None:
        """Write a sequence of uint8; an array row by row, copied only by `message`."""
        part = np.frombuffer(octets, np.uint8) if isinstance(octets, bytes) else octets
        self.put('I', part.size)
        self._append(np.ascontiguousarray(part).reshape(-1).data)

    def header(self, stamp_ns: int, frame_id: str) -> None:
        """Write a std_msgs/Header."""
        self.stamp(stamp_ns)
        self.text(frame_id)

    def stamp(self, stamp_ns: int) -> None:
        """Write a builtin_interfaces/Time."""
        self.put('iI', *divmod(stamp_ns, NANOSECONDS))

    def _append(self, part: bytes | memoryview) -> None:
        self._parts.append(part)
        self._size += len(part)
