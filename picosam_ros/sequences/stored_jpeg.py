"""Which JPEG files can go into a data set as they are, byte by byte."""

from __future__ import annotations

import struct
from collections.abc import Iterator

# https://www.w3.org/Graphics/JPEG/itu-t81.pdf, table B.1: baseline, extended and progressive
# frames with Huffman codes; their tables; the scan; what begins an EXIF segment; the end.
_FRAMES = (0xC0, 0xC1, 0xC2)
_TABLES, _SCAN, _APP1 = 0xC4, 0xDA, 0xE1
_START, _END = b'\xff\xd8', b'\xff\xd9'
_EXIF = b'Exif\0\0'
_ORDERS = {b'II*\0': '<', b'MM\0*': '>'}
_ORIENTATION, _UPRIGHT = 0x0112, 1


def stored_jpeg(encoded: bytes) -> bytes:
    """Return the file if it is a JPEG in which every reader sees the pixels that OpenCV sees.

    Else nothing: for another format, an EXIF orientation that turns it (some readers do not turn
    it), CMYK, 12 bits, a file that is cut off, or one without its Huffman tables, as USB cameras
    send them.
    """
    try:
        # Drivers fill their buffers up with zeros.
        whole = encoded.startswith(_START) and encoded.rstrip(b'\0').endswith(_END)
        return encoded if whole and _is_plain(encoded) else b''
    except (struct.error, IndexError, KeyError):
        return b''


def _is_plain(encoded: bytes) -> bool:
    frame, tables = False, False
    for marker, body in _segments(encoded):
        if marker in _FRAMES:
            bits, _, _, colours = struct.unpack_from('>BHHB', body)
            frame = bits == 8 and colours in (1, 3)
        tables = tables or marker == _TABLES
        exif = marker == _APP1 and body.startswith(_EXIF)
        if exif and _orientation(body[len(_EXIF) :]) != _UPRIGHT:
            return False
    return frame and tables


def _segments(encoded: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield marker and content of each segment before the scan."""
    at = len(_START)
    while True:
        while encoded[at] == 0xFF:
            at += 1
        marker = encoded[at]
        if marker == _SCAN:
            return
        [length] = struct.unpack_from('>H', encoded, at + 1)
        yield marker, encoded[at + 3 : at + 1 + length]
        at += 1 + length


def _orientation(tiff: bytes) -> int:
    order = _ORDERS[tiff[:4]]
    [start] = struct.unpack_from(f'{order}I', tiff, 4)
    [count] = struct.unpack_from(f'{order}H', tiff, start)
    for at in range(start + 2, start + 2 + 12 * count, 12):
        tag, _, _, value = struct.unpack_from(f'{order}HHIH', tiff, at)
        if tag == _ORIENTATION:
            return int(value) or _UPRIGHT
    return _UPRIGHT
