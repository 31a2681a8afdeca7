"""Messages as their serialised bytes: an image is read in place, other messages are written.

rclpy's own conversion copies the pixels into a new array; taking the message raw and looking
at its bytes costs a microsecond. What is published as bytes, rclpy need not take apart. The layout
is plain CDR (OMG DDSI-RTPS 2.5, section 10): a four-byte header that names the byte order, then the
fields, aligned to their size.
"""

from __future__ import annotations

import struct

import numpy as np

from picosam_ros.errors import ImageError
from picosam_ros.wire.images import RawImage

_HEADER = 4
_LITTLE_ENDIAN = b'\0\1\0\0'
_SECOND = 1_000_000_000


def read_image(serialised: bytes) -> RawImage:
    """Read a message; `data` is a view of it.

    Raises:
        ImageError: the bytes end before the message does.

    """
    try:
        return _Reader(serialised).image()
    except (struct.error, UnicodeDecodeError, IndexError) as error:
        raise ImageError(
            f'{len(serialised)} bytes are no serialised sensor_msgs/Image: {error}'
        ) from error


class _Reader:
    def __init__(self, serialised: bytes) -> None:
        self._bytes = serialised
        self._order = '<' if serialised[1] & 1 else '>'
        self._at = _HEADER

    def image(self) -> RawImage:
        seconds, nanoseconds = self._take('i'), self._take('I')
        frame_id = self._text()
        height, width = self._take('I'), self._take('I')
        encoding = self._text()
        is_bigendian = bool(self._take('B'))
        step, length = self._take('I'), self._take('I')
        if len(self._bytes) - self._at < length:
            raise IndexError(f'{length} bytes of pixels announced')
        data = np.frombuffer(self._bytes, np.uint8, length, self._at)
        stamp_ns = seconds * 1_000_000_000 + nanoseconds
        return RawImage(stamp_ns, frame_id, height, width, encoding, is_bigendian, step, data)

    def _take(self, kind: str) -> int:
        size = struct.calcsize(self._order + kind)
        self._at += -(self._at - _HEADER) % size
        value: int = struct.unpack_from(self._order + kind, self._bytes, self._at)[0]
        self._at += size
        return value

    def _text(self) -> str:
        length = self._take('I')  # counts the terminating zero
        if len(self._bytes) - self._at < length:
            raise IndexError(f'a text of {length} bytes announced')
        text = self._bytes[self._at : self._at + max(length - 1, 0)].decode()
        self._at += length
        return text


class Writer:
    """Puts the fields of a message one behind the other, each where CDR wants it."""

    def __init__(self) -> None:
        self._parts = [_LITTLE_ENDIAN]
        self._size = 0

    def message(self) -> bytes:
        """What was written, behind its header of four bytes."""
        return b''.join(self._parts)

    def put(self, kinds: str, *values: float) -> None:
        """Write numbers whose kinds are named as in the module struct, the largest first."""
        padding = -self._size % struct.calcsize(kinds[0])
        self._append(struct.pack(f'<{padding}x{kinds}', *values))

    def text(self, text: str) -> None:
        """Write a string."""
        self.octets(text.encode() + b'\0')

    def octets(self, octets: bytes) -> None:
        """Write a sequence of uint8."""
        self.put('I', len(octets))
        self._append(octets)

    def header(self, stamp_ns: int, frame_id: str) -> None:
        """Write a std_msgs/Header."""
        self.stamp(stamp_ns)
        self.text(frame_id)

    def stamp(self, stamp_ns: int) -> None:
        """Write a builtin_interfaces/Time."""
        self.put('iI', stamp_ns // _SECOND, stamp_ns % _SECOND)

    def _append(self, part: bytes) -> None:
        self._parts.append(part)
        self._size += len(part)
