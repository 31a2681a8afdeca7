"""How large an encoded image is, by its header alone: a few bytes may ask for all memory."""

from __future__ import annotations

import struct
from collections.abc import Callable

from picosam_ros.errors import ImageError

# Formats by their first bytes, with what reads their sizes.
_PNG, _BMP = b'\x89PNG\r\n\x1a\n', b'BM'
_JPEG, _WEBP = b'\xff\xd8\xff', b'RIFF'
_TIFFS = {b'II*\0': '<', b'MM\0*': '>'}
# Of JPEG, markers of a frame's header, and those without a length:
# https://www.w3.org/Graphics/JPEG/itu-t81.pdf, table B.1.
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))
# Of TIFF: tags of the sides, and types of a number by their size in bytes.
_WIDTH, _HEIGHT = 256, 257
_NUMBERS = {3: 'H', 4: 'I'}


def image_size(encoded: bytes) -> tuple[int, int]:
    """Return width and height in pixels as stored, before any rotation.

    Args:
        encoded: a file: JPEG, PNG, WebP, BMP or TIFF (of a TIFF the first image).

    Raises:
        ImageError: it is none of these, or damaged; a clause to follow what was given.

    """
    try:
        return _reader(encoded)(encoded)
    except (struct.error, IndexError, KeyError, ValueError) as error:
        raise ImageError('its header is damaged') from error


def _reader(encoded: bytes) -> Callable[[bytes], tuple[int, int]]:
    if encoded.startswith(_PNG):
        return _png
    if encoded.startswith(_JPEG):
        return _jpeg
    if encoded.startswith(_WEBP) and encoded[8:12] == b'WEBP':
        return _webp
    if encoded.startswith(_BMP):
        return _bmp
    if encoded[:4] in _TIFFS:
        return _tiff
    raise ImageError('its format is not known')


def _png(encoded: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from('>II', encoded, 16)
    return width, height


def _bmp(encoded: bytes) -> tuple[int, int]:
    header, width, height = struct.unpack_from('<Iii', encoded, 14)
    if header == 12:  # of OS/2, with 16 bits a side
        width, height = struct.unpack_from('<HH', encoded, 18)
    return width, abs(height)  # negative where the first row is the top one


def _jpeg(encoded: bytes) -> tuple[int, int]:
    at = 2
    while True:
        at = encoded.index(0xFF, at)
        while encoded[at] == 0xFF:
            at += 1
        marker, at = encoded[at], at + 1
        if marker in _SOF:
            height, width = struct.unpack_from('>HH', encoded, at + 3)
            return width, height
        if marker not in _ALONE:
            at += struct.unpack_from('>H', encoded, at)[0]


def _webp(encoded: bytes) -> tuple[int, int]:
    """See https://developers.google.com/speed/webp/docs/riff_container."""
    kind = encoded[12:16]
    if kind == b'VP8X':
        low_width, high_width, low_height, high_height = struct.unpack_from('<HBHB', encoded, 24)
        return 1 + low_width + (high_width << 16), 1 + low_height + (high_height << 16)
    if kind == b'VP8L':
        bits = struct.unpack_from('<I', encoded, 21)[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind != b'VP8 ':
        raise ValueError(kind)
    width, height = struct.unpack_from('<HH', encoded, 26)
    return width & 0x3FFF, height & 0x3FFF


def _tiff(encoded: bytes) -> tuple[int, int]:
    order = _TIFFS[encoded[:4]]
    start = struct.unpack_from(f'{order}I', encoded, 4)[0]
    count = struct.unpack_from(f'{order}H', encoded, start)[0]
    sides: dict[int, int] = {}
    for at in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(f'{order}HH', encoded, at)
        if tag in (_WIDTH, _HEIGHT):
            sides[tag] = struct.unpack_from(f'{order}{_NUMBERS[kind]}', encoded, at + 8)[0]
    return sides[_WIDTH], sides[_HEIGHT]
