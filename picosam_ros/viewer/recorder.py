"""The last seconds of what browsers were shown, kept in memory as the messages of a recording."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.bags.messages import COMPRESSED, MASKS, PROMPT
from picosam_ros.frame import Frame
from picosam_ros.mask import Mask
from picosam_ros.results import Unanswered
from picosam_ros.viewer.frames import ViewerFrame
from picosam_ros.viewer.requests import PromptRequest
from picosam_ros.wire.messages import JPEG_FORMAT, serialise_compressed_image, serialise_masks
from picosam_ros.wire.prompts import serialise_prompt, serialise_removal

SECONDS = 30.0
# Of all messages that are kept; the oldest go first.
MAX_BYTES = 128 << 20
# Without a new image for so long the page is frozen or hidden: what was seen until then is kept,
# and what comes of later images is not.
PAUSE_S = 2.0
# Of an image that the page had smaller than the camera gave it.
_QUALITY = 85


@dataclass(eq=False)
class Kept:
    """A message of a recording.

    Attributes:
        topic, kind: where it belongs, and its type.
        at_ns: when it was recorded, in nanoseconds since 1970.
        size: of the memory that it takes, in bytes.
        serialise: returns its bytes (CDR); for an image it may take many milliseconds.
        at_s: when it was recorded, on the recorder's clock.

    """

    topic: str
    kind: str
    at_ns: int
    size: int
    serialise: Callable[[], bytes]
    at_s: float


@dataclass(frozen=True)
class Topics:
    """Where messages belong: by default those of a node `camera` in no namespace.

    Attributes:
        image: of the images; JPEGs are those of image_transport's plugin `compressed`.
        prompt: of the prompts.
        node: the segmentation node, whose masks and latency are on its own topics.

    """

    image: str = '/image_raw'
    prompt: str = '/prompt'
    node: str = '/camera'


class Recorder:
    """Keeps images, each as a browser had it, and messages beside them. Thread-safe.

    It records while it runs, from the first browser's coming to the last one's going.

    Args:
        topics: of the messages.
        needs: the command that installs what is missing for recordings; nothing is kept then.
        clock: steady, in seconds.

    """

    def __init__(
        self,
        topics: Topics,
        needs: str = '',
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.needs = needs
        self._topics = topics
        self._clock = clock
        self._lock = threading.Lock()
        self._running = False
        self._kept: deque[Kept] = deque()
        self._bytes = 0
        # The newest one, and number and stamp of its frame.
        self._image: Kept | None = None
        self._number = self._stamp_ns = -1

    @property
    def running(self) -> bool:
        """Whether messages are kept now."""
        return self._running

    def start(self) -> None:
        """Record from now on."""
        with self._lock:
            self._running = not self.needs

    def stop(self) -> None:
        """Record no more, and forget everything."""
        with self._lock:
            self._running = False
            self._kept.clear()
            self._bytes = 0
            self._image, self._number = None, -1

    def messages(self) -> list[Kept]:
        """Return what is kept, in the order of recording."""
        with self._lock:
            return list(self._kept)

    def add(self, topic: str, kind: str, stamp_ns: int, serialised: bytes) -> None:
        """Keep a message, unless its stamp is later than all that browsers were shown."""
        with self._lock:
            if self._running and not self._is_unseen(stamp_ns):
                self._append(topic, kind, len(serialised), lambda: serialised)

    def add_prompt(self, request: PromptRequest) -> None:
        """Keep a prompt of a browser."""
        if self._running:
            stamp_ns = request.stamp_ns
            serialised = serialise_prompt(
                stamp_ns,
                request.object_id,
                request.points,
                request.box,
                refine=request.refine,
                size_step=request.size_step,
            )
            self.add(self._topics.prompt, PROMPT, stamp_ns, serialised)

    def add_removal(self, object_id: int) -> None:
        """Keep that a browser removed an object."""
        if self._running:
            self.add(self._topics.prompt, PROMPT, 0, serialise_removal(0, object_id))

    def add_masks(
        self, frame: Frame, masks: Sequence[Mask], unanswered: Sequence[Unanswered] = ()
    ) -> None:
        """Keep the masks of a frame, whose pixels are not kept."""
        if self._running:
            serialised = serialise_masks(frame, masks, unanswered)
            self.add(f'{self._topics.node}/masks', MASKS, frame.stamp_ns, serialised)

    def add_image(self, frame: ViewerFrame, jpeg: memoryview, *, whole: bool) -> None:
        """Keep a frame's image, the largest of those that browsers are sent of it.

        Args:
            frame: of the image; its pixels are not kept.
            jpeg: of the image, a part of the message to browsers, which is kept, not copied.
            whole: whether it has the size of the frame, and is not a smaller one.

        """
        size = memoryview(jpeg.obj).nbytes
        scaled_to = None if whole else (frame.width, frame.height)
        serialise = partial(_serialise_image, frame.stamp_ns, frame.frame_id, jpeg, scaled_to)
        with self._lock:
            if not self._running or frame.number < self._number:
                return
            if frame.number > self._number or self._image is None:
                self._number, self._stamp_ns = frame.number, frame.stamp_ns
                self._image = None  # the new one is the newest
                topic = f'{self._topics.image}/compressed'
                self._image = self._append(topic, COMPRESSED, size, serialise)
            elif size > self._image.size:
                self._bytes += size - self._image.size
                self._image.size, self._image.serialise = size, serialise

    def _append(self, topic: str, kind: str, size: int, serialise: Callable[[], bytes]) -> Kept:
        kept = Kept(topic, kind, time.time_ns(), size, serialise, self._clock())
        self._kept.append(kept)
        self._bytes += size
        newest_s = (self._image or kept).at_s
        while self._kept and (self._kept[0].at_s < newest_s - SECONDS or self._bytes > MAX_BYTES):
            oldest = self._kept.popleft()
            self._bytes -= oldest.size
            if oldest is self._image:
                self._image = None
        return kept

    def _is_unseen(self, stamp_ns: int) -> bool:
        paused = self._image is not None and self._clock() - self._image.at_s > PAUSE_S
        return paused and stamp_ns > self._stamp_ns


def _serialise_image(
    stamp_ns: int, frame_id: str, jpeg: memoryview, scaled_to: tuple[int, int] | None
) -> bytes:
    """Return the message of an image, at the size of the camera: masks are in its pixels."""
    octets = np.frombuffer(jpeg, np.uint8)
    if scaled_to is not None:
        octets = _enlarged(octets, scaled_to)
    return serialise_compressed_image(stamp_ns, frame_id, JPEG_FORMAT, octets)


def _enlarged(jpeg: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    pixels = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR))
    pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR)
    _, encoded = cv2.imencode('.jpg', pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return np.asarray(encoded, np.uint8)
