"""Writes results into a new rosbag2."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path

from picosam_ros.bags.messages import IMAGE, LATENCY, MASKS
from picosam_ros.bags.new_bag import NewBag
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


class MaskBag(NewBag):
    """A new rosbag2 of masks, label masks, confidence and latency; see NewBag for the rest."""

    def __init__(self, path: Path, storage: str) -> None:
        super().__init__(path, storage, TOPICS)
        self.frames = 0

    def __enter__(self) -> MaskBag:
        return self

    def write(self, result: Result, at_ns: int) -> None:
        """Write one result under its frame's header, as recorded at `at_ns`.

        Raises:
            BagError: the folder cannot be made, or the disk is full.

        """
        begun = time.perf_counter()
        frame, masks = result.frame, result.masks
        labels, confidence = label_image(masks, frame.width, frame.height)
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
            self.put(topic, at_ns, message)
