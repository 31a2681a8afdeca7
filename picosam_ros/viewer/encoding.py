"""Scenes as bytes: each is encoded once for a size and quality, however many look at it."""

from __future__ import annotations

import asyncio
import struct
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2

from picosam_ros.frame import Pixels
from picosam_ros.viewer.frames import Scene

Key = tuple[int, int, int]


@dataclass(frozen=True)
class Level:
    """How much a picture may take: its long side in pixels at most, and JPEG's quality."""

    side: int
    quality: int


# From a thin link to a fat one.
LEVELS = (
    Level(320, 50),
    Level(480, 60),
    Level(640, 70),
    Level(960, 80),
    Level(1280, 85),
    Level(1920, 85),
)


class Encoder:
    """Encodes in a thread of its own; lives on one event loop.

    Attributes:
        encoded: pictures that were, so far.

    """

    def __init__(self) -> None:
        self.encoded = 0
        self._pool = ThreadPoolExecutor(1, 'picosam_encode')
        self._made: dict[Key, asyncio.Future[bytes]] = {}

    async def message(self, scene: Scene, level: Level) -> bytes:
        """Give a scene as one binary message; see `pack`."""
        side = min(level.side, max(scene.width, scene.height))
        key = (scene.number, side, level.quality)
        if key not in self._made:
            self._forget_before(scene.number)
            loop = asyncio.get_running_loop()
            self._made[key] = loop.run_in_executor(self._pool, self._encode, scene, level)
        # Shielded: others may wait for it, too.
        return await asyncio.shield(self._made[key])

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _forget_before(self, number: int) -> None:
        # The one before may still be on its way to somebody.
        for key in [key for key in self._made if key[0] < number - 1]:
            del self._made[key]

    def _encode(self, scene: Scene, level: Level) -> bytes:
        self.encoded += 1
        return pack(scene.header, to_jpeg(scene.pixels(), level))


def pack(header: bytes, jpeg: bytes) -> bytes:
    """Lay a message out: the header's length (4 bytes, little-endian), the header, the JPEG."""
    return struct.pack('<I', len(header)) + header + jpeg


def to_jpeg(pixels: Pixels, level: Level) -> bytes:
    """Shrink an H×W×3 uint8 RGB picture to the level, if it is larger, and encode it."""
    height, width = pixels.shape[:2]
    scale = level.side / max(width, height)
    if scale < 1:
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    _, jpeg = cv2.imencode(
        '.jpg', cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, level.quality)
    )
    return jpeg.tobytes()
