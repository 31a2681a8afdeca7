"""What the topics of a segmentation node take on a network."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from benchmarks.films.photo_files import photo_file
from benchmarks.report import Row
from benchmarks.rigs import scene, wire_bytes
from picosam_ros.drawing.overlay import draw
from picosam_ros.frame import Frame
from picosam_ros.latency import Timing
from picosam_ros.mask import label_image
from picosam_ros.ros.messages import header_of, to_jpeg
from picosam_ros.wire.messages import serialise_image, serialise_latency, serialise_masks

TITLE = 'Bytes of one image on each topic, VGA'
OBJECTS = (1, 8)
RATE = wire_bytes.RATE
# Of each topic over the cable; more tell nothing new.
MOST = 60

_IMAGE, _MASKS = 'sensor_msgs/msg/Image', 'picosam_ros/msg/MaskArray'


def measure(frames: int) -> Iterator[Row]:
    """The serialised bytes, and what they take on a cable between two network namespaces."""
    messages = _messages()
    masks = [len(messages[f'~/masks, {_objects(count)}'][1]) for count in OBJECTS]
    each = (masks[1] - masks[0]) / (OBJECTS[1] - OBJECTS[0])
    note = f'its mask of {scene.NETWORK}×{scene.NETWORK} is {scene.NETWORK**2 / 1e3:.1f} kB of it'
    yield Row('each further object of ~/masks', each / 1e3, 'kB', note=note)
    with tempfile.TemporaryDirectory() as folder:
        try:
            cable = wire_bytes.sent(messages, min(frames, MOST), Path(folder))
        except (OSError, subprocess.CalledProcessError) as error:
            cable = {}
            yield Row('on a cable', float('nan'), 'kB', note=f'skipped: {error}')
    for name, (_, message) in messages.items():
        size = len(message)
        note = f'{8e-6 * RATE * size:.2f} Mbit/s at {RATE:g} Hz'
        if name in cable:
            note += (
                f'; on a cable {cable[name] / 1e3:.1f} kB, {8e-6 * RATE * cable[name]:.2f} Mbit/s'
            )
        yield Row(name, size / 1e3, 'kB', note=note)


def _messages() -> dict[str, tuple[str, bytes]]:
    frame = Frame(_picture(), 1_700_000_000 * 10**9, 'camera_optical_frame')
    found = {
        f'~/masks, {_objects(count)}': (_MASKS, serialise_masks(frame, scene.masks(count, 192), ()))
        for count in OBJECTS
    }
    masks = scene.masks(OBJECTS[-1], 192)
    labels, _ = label_image(masks, frame.width, frame.height)
    overlay = draw(frame.pixels, masks, latency_ms=20.0)
    latency = serialise_latency(frame, Timing(), prompts=1, frames=1, dropped=0)
    return found | {
        '~/latency': ('picosam_ros/msg/Latency', latency),
        '~/label_mask': (_IMAGE, serialise_image(frame, labels, 'mono8')),
        '~/overlay': (_IMAGE, serialise_image(frame, overlay, 'rgb8')),
        '~/overlay/compressed': ('sensor_msgs/msg/CompressedImage', _jpeg(frame, overlay)),
        'image_raw': (_IMAGE, serialise_image(frame, frame.pixels, 'rgb8')),
    }


def _picture() -> np.ndarray:
    """Return a photograph: noise would tell nothing about JPEG."""
    photo = cv2.imread(str(photo_file('coffee')))
    return cv2.cvtColor(cv2.resize(photo, (scene.WIDTH, scene.HEIGHT)), cv2.COLOR_BGR2RGB)


def _jpeg(frame: Frame, pixels: np.ndarray) -> bytes:
    from rclpy.serialization import serialize_message

    return bytes(serialize_message(to_jpeg(pixels, header_of(frame))))


def _objects(count: int) -> str:
    return '1 object' if count == 1 else f'{count} objects'
