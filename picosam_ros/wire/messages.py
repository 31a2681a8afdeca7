"""Messages from and to their serialised bytes, for topics, `~/segment` and recordings alike.

rclpy copies the pixels of a message that it converts; reading the bytes in place costs a
microsecond. Bytes that are published, rclpy hands to the middleware as they are.

The bytes are plain CDR (OMG DDSI-RTPS 2.5, section 10): a header of four bytes names the byte
order; the fields follow, each aligned to its size.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from picosam_ros.errors import ImageError
from picosam_ros.frame import Frame, Pixels
from picosam_ros.latency import STAGES, Timing
from picosam_ros.mask import Mask
from picosam_ros.prompt import Box
from picosam_ros.results import Unanswered
from picosam_ros.wire.images import CompressedImage, RawImage

T = TypeVar('T')

_NO_BOX = Box(0, 0, 0, 0)

NANOSECONDS = 1_000_000_000  # in a second

# Of a CompressedImage of RGB, as image_transport's plugin `compressed` names it.
JPEG_FORMAT = 'rgb8; jpeg compressed bgr8'

_HEADER = 4  # bytes
_LITTLE_ENDIAN = b'\0\1\0\0'


def nanoseconds(sec: int, nanosec: int) -> int:
    """Return the stamp of a builtin_interfaces/Time in nanoseconds since the epoch.

    Raises:
        ValueError: seconds below 0, or nanoseconds of a second or more. Made into another stamp,
            it would match nothing that the sender knows.

    """
    if sec < 0 or not 0 <= nanosec < NANOSECONDS:
        raise ValueError(
            f'the stamp is {sec} s and {nanosec} ns; allowed are seconds from 0 on and nanoseconds '
            f'from 0 to {NANOSECONDS - 1}: the driver that sets it must be corrected'
        )
    return sec * NANOSECONDS + nanosec


def read_image(serialised: bytes) -> RawImage:
    """Read a sensor_msgs/Image; `data` is a view of the bytes.

    Raises:
        ImageError: the bytes end before the message does, or its stamp is none.

    """
    return _read(serialised, 'sensor_msgs/msg/Image', _image)


def read_compressed_image(serialised: bytes) -> CompressedImage:
    """Read a sensor_msgs/CompressedImage; `data` is a view of the bytes.

    Raises:
        ImageError: the bytes end before the message does, or its stamp is none.

    """
    return _read(serialised, 'sensor_msgs/msg/CompressedImage', _compressed_image)


def stamp_of(serialised: bytes) -> int:
    """Return the stamp, in nanoseconds, of any message that begins with a header.

    Raises:
        ImageError: the bytes end before the stamp does, or it is none.

    """
    return _read(serialised, 'message with a header', lambda reader: reader.header()[0])


def serialise_image(frame: Frame, pixels: Pixels, encoding: str) -> bytes:
    """Return a sensor_msgs/Image of H×W or H×W×C uint8, under the frame's header."""
    height, width = pixels.shape[:2]
    writer = _writer(frame)
    writer.put('II', height, width)
    writer.text(encoding)
    writer.put('?', False)  # is_bigendian, which bytes do not depend on
    writer.put('I', pixels[0].size)
    writer.octets(pixels)
    return writer.message()


def serialise_compressed_image(
    stamp_ns: int, frame_id: str, form: str, encoded: npt.NDArray[np.uint8]
) -> bytes:
    """Return a sensor_msgs/CompressedImage of uint8 [n]; `form` is its field `format`."""
    writer = Writer()
    writer.header(stamp_ns, frame_id)
    writer.text(form)
    writer.octets(encoded)
    return writer.message()


def serialise_latency(
    frame: Frame, timing: Timing, *, prompts: int, frames: int, dropped: int
) -> bytes:
    """Return a picosam_ros/Latency, under the frame's header."""
    writer = _writer(frame)
    writer.put('f' * len(STAGES), *(getattr(timing, stage) for stage in STAGES))
    writer.put('I', prompts)
    writer.put('QQ', frames, dropped)
    return writer.message()


def serialise_masks(frame: Frame, masks: Sequence[Mask], unanswered: Sequence[Unanswered]) -> bytes:
    """Return a picosam_ros/MaskArray of all masks of a frame, under the frame's header."""
    writer = _writer(frame)
    writer.put('III', frame.width, frame.height, len(masks))
    for mask in masks:
        _put_mask(writer, mask)
    writer.octets(bytes(missing.prompt.object_id for missing in unanswered))
    writer.put('I', len(unanswered))
    for missing in unanswered:
        writer.text(missing.reason)
    return writer.message()


def _put_mask(writer: Writer, mask: Mask) -> None:
    height, width = mask.logits.shape
    roi, box = mask.roi, mask.box or _NO_BOX
    writer.put('B', mask.prompt.object_id)
    writer.put('I', mask.prompt.generation)
    writer.text(mask.engine)
    writer.put('fB?', mask.score, mask.candidates, mask.empty)
    writer.put('ddddII', roi.x, roi.y, roi.width, roi.height, width, height)
    writer.octets(mask.probability)
    writer.put('I', mask.area)
    writer.put('dddddd', box.x0, box.y0, box.x1, box.y1, *(mask.centroid or (0, 0)))


def _writer(frame: Frame) -> Writer:
    writer = Writer()
    writer.header(frame.stamp_ns, frame.frame_id)
    return writer


def _read(serialised: bytes, kind: str, read: Callable[[Reader], T]) -> T:
    try:
        return read(Reader(serialised))
    except (struct.error, UnicodeDecodeError, IndexError) as error:
        raise ImageError(f'{len(serialised)} bytes are not a serialised {kind}: {error}') from error
    except ValueError as error:
        raise ImageError(str(error)) from error


def _image(reader: Reader) -> RawImage:
    stamp_ns, frame_id = reader.header()
    height, width = reader.get('I'), reader.get('I')
    encoding, is_bigendian, step = reader.text(), bool(reader.get('B')), reader.get('I')
    data = reader.octets()
    return RawImage(stamp_ns, frame_id, height, width, encoding, is_bigendian, step, data)


def _compressed_image(reader: Reader) -> CompressedImage:
    return CompressedImage(*reader.header(), reader.text(), reader.octets())


class Reader:
    """Reads the fields of a serialised message in their order.

    Args:
        serialised: the whole message.

    Raises:
        IndexError, struct.error, UnicodeDecodeError: of all methods; the bytes end before the
            field does, or are not text.
        ValueError: of `header`; its stamp is none.

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
        """Read a std_msgs/Header: its stamp in nanoseconds, and its frame id.

        Raises:
            ValueError: the stamp is none, see `nanoseconds`.

        """
        stamp_ns = nanoseconds(self.get('i'), self.get('I'))
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
