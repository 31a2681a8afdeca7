"""What it costs to read the images that arrive and to match them, beside ROS's own packages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image

from benchmarks.report import Row
from benchmarks.timing import medians
from picosam_ros.ros.cloud.time_sync import MessageFiltersSynchronizer, TimeSynchronizer
from picosam_ros.ros.messages import to_bytes, to_rgb
from picosam_ros.wire.messages import read_image

TITLE = 'Images that arrive, VGA: ours, and cv_bridge and message_filters where they are installed'

_WIDTH, _HEIGHT = 640, 480
# Encodings, and bytes a pixel.
_ENCODINGS = {'rgb8': 3, 'bgr8': 3, 'yuv422_yuy2': 2}
_INPUTS, _SLOP_NS, _PERIOD_NS = 3, 50_000_000, 33_333_333


def measure(frames: int) -> Iterator[Row]:
    """From the bytes of a subscription to RGB, by encoding; then a set of three images."""
    works: dict[str, Callable[[], object]] = {}
    for encoding, size in _ENCODINGS.items():
        serialised = _serialised(encoding, size)
        works[f'{encoding} to RGB, ours'] = lambda given=serialised: to_rgb(read_image(given))
        with suppress(ImportError):
            works[f'{encoding} to RGB, cv_bridge'] = _by_cv_bridge(serialised)
    works['a set of three matched, ours'] = _matched(TimeSynchronizer)
    with suppress(ImportError):
        works['a set of three matched, message_filters'] = _matched(MessageFiltersSynchronizer)
    for name, ms in zip(works, medians(list(works.values()), frames), strict=True):
        yield Row(name, 1e3 * ms, 'µs')


def _serialised(encoding: str, size: int) -> bytes:
    pixels = np.random.default_rng(3).integers(0, 256, (_HEIGHT, _WIDTH * size), np.uint8)
    step = _WIDTH * size
    image = Image(height=_HEIGHT, width=_WIDTH, encoding=encoding, step=step)
    image.data = to_bytes(pixels)
    return bytes(serialize_message(image))


def _by_cv_bridge(serialised: bytes) -> Callable[[], object]:
    import cv_bridge.boost.cv_bridge_boost  # noqa: F401 - without it, it converts nothing
    from cv_bridge import CvBridge

    bridge = CvBridge()
    return lambda: bridge.imgmsg_to_cv2(deserialize_message(serialised, Image), 'rgb8')


def _matched(kind: type[Any]) -> Callable[[], object]:
    """One image of each input at 30 Hz; depth a little earlier than what is computed from it."""
    found: list[object] = []
    matcher = kind(_INPUTS, lambda *images: found.append(images), slop_ns=_SLOP_NS)
    stamps = iter(range(0, 1 << 62, _PERIOD_NS))

    def work() -> None:
        found.clear()
        stamp = next(stamps)
        for index in reversed(range(_INPUTS)):
            matcher.add(index, stamp, found)
        assert len(found) == 1

    return work
