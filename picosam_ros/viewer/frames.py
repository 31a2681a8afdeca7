"""What a browser shows: an image with the masks that were computed from it, and its encoding."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import cv2
import numpy as np

from picosam_ros.drawing.overlay import SHIFT, outlines
from picosam_ros.errors import PicosamError
from picosam_ros.frame import Pixels
from picosam_ros.resample import paste
from picosam_ros.roi import Roi

# Of one frame, by long side in pixels and JPEG quality.
_Encodings = dict[tuple[int, int], 'asyncio.Future[bytes]']


@dataclass(frozen=True, eq=False)
class ViewerMask:
    """The mask of one object, as in its message.

    Attributes:
        object_id, generation: of the prompt that it answers.
        engine: that computed it.
        score: 0 to 1.
        probability: h×w uint8 in network pixels of the ROI; 128 and above is the object.
        roi: the rectangle of the image that `probability` covers.
        candidates: how many masks it was chosen from.

    """

    object_id: int
    generation: int
    engine: str
    score: float
    probability: Pixels
    roi: Roi
    candidates: int = 1

    def outline(self, width: int, height: int) -> list[list[float]]:
        """Return the contours of parts and holes: x, y, x, y … in image pixels, to 0.1."""
        values = self.probability.astype(np.float32) - 127.5
        x, y, pasted = paste(values, self.roi, width, height)
        curves = outlines(np.ascontiguousarray(pasted > 0), x, y)
        return [np.round(curve / (1 << SHIFT), 1).ravel().tolist() for curve in curves]

    def described(self, width: int, height: int) -> dict[str, Any]:
        """Return it as JSON has it, for an image of that size in pixels."""
        return {
            'object': self.object_id,
            'generation': self.generation,
            'engine': self.engine,
            'score': round(self.score, 3),
            'candidates': self.candidates,
            'outline': self.outline(width, height),
        }


@dataclass(frozen=True, eq=False)
class ImageMasks:
    """Masks that were computed from one image.

    Attributes:
        stamp_ns: of the image.
        width, height: of the image, in pixels; 0 where there are no masks.
        masks: in its pixels.
        unanswered: object id and reason, of prompts that have no mask.
        asked, planned: where all things were looked for, clicks that were answered, and of how
            many; else 0.

    """

    stamp_ns: int
    width: int = 0
    height: int = 0
    masks: tuple[ViewerMask, ...] = ()
    unanswered: tuple[tuple[int, str], ...] = ()
    asked: int = 0
    planned: int = 0

    def described(self) -> list[dict[str, Any]]:
        """Return the masks as JSON has them."""
        return [mask.described(self.width, self.height) for mask in self.masks]


@dataclass(frozen=True, eq=False)
class ViewerFrame:
    """An image and its masks; without a segmentation it has none.

    Attributes:
        number: of the frame, counted by the viewer.
        stamp_ns: of the image.
        width, height: of the image, in pixels.
        pixels: returns H×W×3 uint8 RGB; only called when a browser needs it.
        masks: computed from this image.
        unanswered: object id and reason, of prompts that have no mask on this image.
        segmented: whether a segmentation of this image was received.
        frame_id: of the image.

    """

    number: int
    stamp_ns: int
    width: int
    height: int
    pixels: Callable[[], Pixels]
    masks: tuple[ViewerMask, ...] = ()
    unanswered: tuple[tuple[int, str], ...] = ()
    segmented: bool = False
    frame_id: str = ''
    object_ids: frozenset[int] = field(init=False)

    def __post_init__(self) -> None:
        ids = [mask.object_id for mask in self.masks] + [number for number, _ in self.unanswered]
        object.__setattr__(self, 'object_ids', frozenset(ids))

    @cached_property
    def header(self) -> bytes:
        """Everything but the pixels, as JSON."""
        description = {
            'number': self.number,
            # A string: JavaScript's numbers are exact to 53 bits only.
            'stamp': str(self.stamp_ns),
            'width': self.width,
            'height': self.height,
            'segmented': self.segmented,
            'masks': [mask.described(self.width, self.height) for mask in self.masks],
            'unanswered': [{'object': i, 'reason': reason} for i, reason in self.unanswered],
        }
        return json.dumps(description, separators=(',', ':')).encode()


@dataclass(frozen=True)
class Level:
    """Size and quality of an encoded image: longest side in pixels at most, JPEG quality."""

    side: int
    quality: int


# From the lowest bandwidth to the highest.
LEVELS = (
    Level(320, 50),
    Level(480, 60),
    Level(640, 75),
    Level(960, 80),
    Level(1280, 85),
    Level(1920, 85),
)
# On loopback nothing is won by smaller images: frames are dropped first.
LEAST_ON_LOOPBACK = LEVELS.index(Level(640, 75))
# Of an image that the user looks at for longer, or keeps: as it is, as far as JPEG can.
FULL = Level(65535, 95)


class JpegEncoder:
    """Encodes frames in a thread of its own; to be used from one event loop.

    Args:
        on_error: called with what an encoding raised, unless it is a PicosamError; each client
            that awaits it gets it, too.

    Attributes:
        encoded: number of encoded images.

    """

    def __init__(self, on_error: Callable[[Exception], None]) -> None:
        self.encoded = 0
        self._on_error = on_error
        self._pool = ThreadPoolExecutor(1, 'picosam_encode')
        # As long as somebody has the frame, who may send it. (Numbers are those of one camera.)
        self._cache: WeakKeyDictionary[ViewerFrame, _Encodings] = WeakKeyDictionary()

    async def encode(self, frame: ViewerFrame, level: Level) -> bytes:
        """Return a frame as one binary message; see `pack`."""
        side = min(level.side, max(frame.width, frame.height))
        key = (side, level.quality)
        encodings = self._cache.setdefault(frame, {})
        if key not in encodings:
            loop = asyncio.get_running_loop()
            encoding = loop.run_in_executor(self._pool, self._encode, frame, level)
            encoding.add_done_callback(self._report)
            encodings[key] = encoding
        # Shielded: a cancelled client must not cancel it for the others.
        return await asyncio.shield(encodings[key])

    async def encode_full(self, frame: ViewerFrame) -> bytes:
        """Return a frame as one binary message, at full size; its header says `full`."""
        loop = asyncio.get_running_loop()
        encoding = loop.run_in_executor(self._pool, self._encode_full, frame)
        encoding.add_done_callback(self._report)
        return await encoding

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _report(self, encoding: asyncio.Future[bytes]) -> None:
        error = None if encoding.cancelled() else encoding.exception()
        if isinstance(error, Exception) and not isinstance(error, PicosamError):
            self._on_error(error)

    def _encode(self, frame: ViewerFrame, level: Level) -> bytes:
        self.encoded += 1
        return pack(frame.header, to_jpeg(frame.pixels(), level))

    def _encode_full(self, frame: ViewerFrame) -> bytes:
        self.encoded += 1
        header = json.loads(frame.header) | {'full': True}
        return pack(json.dumps(header).encode(), to_jpeg(frame.pixels(), FULL))


def pack(header: bytes, jpeg: bytes) -> bytes:
    """Return a binary message: length of the header (uint32, little-endian), header, JPEG."""
    return struct.pack('<I', len(header)) + header + jpeg


def image_of(message: bytes) -> memoryview:
    """Return the JPEG of a message that `pack` made, without a copy."""
    [length] = struct.unpack_from('<I', message)
    return memoryview(message)[4 + length :]


def to_jpeg(pixels: Pixels, level: Level) -> bytes:
    """Encode an H×W×3 uint8 RGB image, shrunk to the level's size if it is larger."""
    height, width = pixels.shape[:2]
    scale = level.side / max(width, height)
    if scale < 1:
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    options = [cv2.IMWRITE_JPEG_QUALITY, level.quality]
    if level is FULL:  # colours as sharp as shapes
        sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    _, jpeg = cv2.imencode('.jpg', cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)
    return jpeg.tobytes()
