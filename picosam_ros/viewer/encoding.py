"""Frames as binary messages: each is encoded once per size and quality for all clients."""

from __future__ import annotations

import asyncio
import struct
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2

from picosam_ros.frame import Pixels
from picosam_ros.viewer.frames import ViewerFrame

# Frame number, long side in pixels, JPEG quality.
_Key = tuple[int, int, int]


@dataclass(frozen=True)
class Level:
    """Size and quality of an encoded image: longest side in pixels at most, JPEG quality."""

    side: int
    quality: int


# From the lowest bandwidth to the highest.
LEVELS = (
    Level(320, 50),
    Level(480, 60),
    Level(640, 70),
    Level(960, 80),
    Level(1280, 85),
    Level(1920, 85),
)


class JpegEncoder:
    """Encodes frames in a thread of its own; to be used from one event loop.

    Attributes:
        encoded: number of encoded images.

    """

    def __init__(self) -> None:
        self.encoded = 0
        self._pool = ThreadPoolExecutor(1, 'picosam_encode')
        self._cache: dict[_Key, asyncio.Future[bytes]] = {}

    async def encode(self, frame: ViewerFrame, level: Level) -> bytes:
        """Return a frame as one binary message; see `pack`."""
        side = min(level.side, max(frame.width, frame.height))
        key = (frame.number, side, level.quality)
        if key not in self._cache:
            self._evict_before(frame.number)
            loop = asyncio.get_running_loop()
            self._cache[key] = loop.run_in_executor(self._pool, self._encode, frame, level)
        # Shielded: a cancelled client must not cancel it for the others.
        return await asyncio.shield(self._cache[key])

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _evict_before(self, number: int) -> None:
        # The previous frame may still be in transmission to a client.
        for key in [key for key in self._cache if key[0] < number - 1]:
            del self._cache[key]

    def _encode(self, frame: ViewerFrame, level: Level) -> bytes:
        self.encoded += 1
        return pack(frame.header, to_jpeg(frame.pixels(), level))


def pack(header: bytes, jpeg: bytes) -> bytes:
    """Return a binary message: length of the header (uint32, little-endian), header, JPEG."""
    return struct.pack('<I', len(header)) + header + jpeg


def to_jpeg(pixels: Pixels, level: Level) -> bytes:
    """Encode an H×W×3 uint8 RGB image, shrunk to the level's size if it is larger."""
    height, width = pixels.shape[:2]
    scale = level.side / max(width, height)
    if scale < 1:
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    _, jpeg = cv2.imencode(
        '.jpg', cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, level.quality)
    )
    return jpeg.tobytes()
