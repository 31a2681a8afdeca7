"""Read a serialised sensor_msgs/Image in place.

rclpy's own conversion copies the pixels into a new array; taking the message raw and looking
at its bytes costs a microsecond. The layout is plain CDR (OMG DDSI-RTPS 2.5, section 10): a
four-byte header that names the byte order, then the fields, aligned to their size.
"""

from __future__ import annotations

import struct

import numpy as np

from picosam_ros.errors import ImageError
from picosam_ros.images import RawImage

_HEADER = 4


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
