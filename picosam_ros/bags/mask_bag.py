"""Writes results into a new rosbag2."""

from __future__ import annotations

import math
import sqlite3
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from picosam_ros.bags.messages import IMAGE, LATENCY, MASKS, typestore
from picosam_ros.errors import BagError
from picosam_ros.mask import label_image
from picosam_ros.results import Result
from picosam_ros.wire.messages import serialise_image, serialise_latency, serialise_masks

# The topics of a node `segmenter` in no namespace.
TOPICS = {
    '/segmenter/masks': MASKS,
    '/segmenter/label_mask': IMAGE,
    '/segmenter/confidence': IMAGE,
    '/segmenter/latency': LATENCY,
}

# Releases before Jazzy cannot read the QoS profiles of version 9.
_VERSION: Literal[8] = 8


class MaskBag:
    """A new rosbag2 of masks, label masks, confidence and latency, created with the first result.

    Leaving the `with` statement closes it, after an error too, so that it can be read.

    Args:
        path: a folder that does not exist yet.
        storage: 'sqlite3' or 'mcap'.

    Raises:
        BagError: the folder exists.

    """

    def __init__(self, path: Path, storage: str) -> None:
        if path.exists():
            raise BagError(f'{path} exists already; give the name of a new folder')
        self.path = path
        self.frames = 0
        self._storage = storage
        self._writer: Any = None
        self._connections: dict[str, Any] = {}

    def __enter__(self) -> MaskBag:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, result: Result, at_ns: int) -> None:
        """Write one result under its frame's header, as recorded at `at_ns`.

        Raises:
            BagError: the folder cannot be created, or the disk is full.

        """
        if self._writer is None:
            self._open()
        begun = time.perf_counter()
        frame, masks = result.frame, result.masks
        labels, confidence = label_image(list(masks), frame.width, frame.height)
        messages = [
            serialise_masks(frame, masks, result.unanswered),
            serialise_image(frame, labels, 'mono8'),
            serialise_image(frame, confidence, 'mono8'),
        ]
        self.frames += 1
        engine_ms = 0.0 if math.isnan(result.timing.decode) else result.timing.decode
        timing = replace(result.timing, decode=engine_ms + 1e3 * (time.perf_counter() - begun))
        messages.append(
            serialise_latency(frame, timing, prompts=len(masks), frames=self.frames, dropped=0)
        )
        for topic, message in zip(TOPICS, messages, strict=True):
            self._put(topic, at_ns, message)

    def _open(self) -> None:
        from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

        plugin = StoragePlugin[self._storage.upper()]
        writer = Writer(self.path, version=_VERSION, storage_plugin=plugin)
        if plugin is StoragePlugin.MCAP:
            # Part of the format; compressed sqlite3 needs a plugin to be read.
            writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        try:
            writer.open()
        except OSError as error:
            raise BagError(f'{self.path} cannot be created: {error.strerror}') from error
        self._writer = writer
        for topic, kind in TOPICS.items():
            connection = writer.add_connection(topic, kind, typestore=typestore())
            self._connections[topic] = connection

    def _put(self, topic: str, at_ns: int, serialised: bytes) -> None:
        try:
            self._writer.write(self._connections[topic], at_ns, serialised)
        except (OSError, sqlite3.Error) as error:
            raise BagError(f'{self.path} cannot be written: {error}') from error
