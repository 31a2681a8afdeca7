"""Prompts from the boxes of a detector that were recorded with the images."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from picosam_ros.bags.messages import read_message
from picosam_ros.bags.recording import Recording
from picosam_ros.bags.vision import DETECTIONS
from picosam_ros.errors import BagError
from picosam_ros.labelling.box_keys import BoxKeys, BoxPrompts, FoundBox, Notes
from picosam_ros.labelling.keys import DEFAULT_NAME
from picosam_ros.prompts.detected import to_box

# Images from one prompt of an object to its next one: a second of most cameras.
EVERY = 30


@dataclass(frozen=True)
class _Array:
    """The boxes for an image, and how far their stamp is from the image's, in nanoseconds."""

    distance_ns: int
    boxes: tuple[FoundBox, ...]


def read_detections(
    path: Path,
    topic: str,
    stamps: Mapping[int, int],
    *,
    min_score: float = 0.0,
    every: int = EVERY,
) -> BoxPrompts:
    """Return prompts from a topic of vision_msgs/Detection2DArray.

    An array is for the image of its header's stamp, or for the nearest one within half a frame
    period. An object is prompted where it begins and then every so many images: between them the
    tracker follows it. Its class is the `class_id` of its likeliest hypothesis.

    Args:
        path: of the rosbag2 with the topic.
        topic: its name; '' for the only one of that type.
        stamps: of the images' headers in nanoseconds, by the numbers of the images.
        min_score: boxes of a lower score are left out; those without a score have 0.
        every: images from one prompt of an object to its next one.

    Raises:
        BagError: the recording cannot be read or has no such topic.
        PromptError: the boxes are of more objects than there are ids.

    """
    notes = Notes()
    with Recording(path) as recording:
        topic = recording.choose(topic, 'detection', (DETECTIONS,))
        arrays = _arrays(recording, topic, _Stamps(stamps), min_score, notes)
    keys = BoxKeys(every, notes)
    for image in sorted(arrays):
        keys.add(image, arrays[image].boxes)
    return BoxPrompts(tuple(keys.keys), tuple(f'{topic}: {told}' for told in notes.sentences))


class _Stamps:
    """Finds the image of a stamp."""

    def __init__(self, stamps: Mapping[int, int]) -> None:
        self._ordered = sorted((stamp, number) for number, stamp in stamps.items())
        gaps = [later[0] - earlier[0] for earlier, later in pairwise(self._ordered)]
        self._reach_ns = median(gaps) / 2 if gaps else 0.0

    def nearest(self, stamp_ns: int) -> tuple[int, int] | None:
        """Return the number of an image and how far its stamp is; None if none is near."""
        at = bisect_left(self._ordered, (stamp_ns, -1))
        there = self._ordered[max(at - 1, 0) : at + 1]
        found = min(((abs(stamp - stamp_ns), number) for stamp, number in there), default=None)
        if found is None or found[0] > self._reach_ns:
            return None
        return found[1], found[0]


def _arrays(
    recording: Recording, topic: str, stamps: _Stamps, min_score: float, notes: Notes
) -> dict[int, _Array]:
    """Return for each image the boxes whose stamp is the nearest."""
    arrays: dict[int, _Array] = {}
    for recorded in recording.messages(topic, (DETECTIONS,)):
        try:
            message = read_message(recorded.serialised, DETECTIONS)
        except BagError as error:
            notes.add('messages that cannot be read', f'{_at(recorded.at_ns)}: {error}')
            continue
        stamp_ns = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        nearest = stamps.nearest(stamp_ns)
        if nearest is None:
            notes.add('arrays whose stamp is that of no image', _at(stamp_ns))
            continue
        array = _Array(nearest[1], _boxes(message.detections, stamp_ns, min_score))
        known = arrays.get(nearest[0])
        if known is not None:
            notes.add('arrays for an image that has a nearer one', _at(stamp_ns))
        if known is None or array.distance_ns < known.distance_ns:
            arrays[nearest[0]] = array
    if recording.damage:
        notes.add('damage of the recording', recording.damage)
    return arrays


def _boxes(detections: Sequence[Any], stamp_ns: int, min_score: float) -> tuple[FoundBox, ...]:
    found = []
    for number, detection in enumerate(detections, 1):
        name, score = _likeliest(detection.results)
        if score >= min_score:
            where = f'detection {number} of the array {_at(stamp_ns)}'
            found.append(FoundBox(where, to_box(detection.bbox), name, detection.id))
    return tuple(found)


def _likeliest(results: Sequence[Any]) -> tuple[str, float]:
    """Return class and score; NaN is no score."""
    known = [(result.hypothesis.class_id, result.hypothesis.score) for result in results]
    scored = [(name, 0.0 if math.isnan(score) else score) for name, score in known]
    name, score = max(scored, key=lambda each: each[1], default=('', 0.0))
    return name or DEFAULT_NAME, score


def _at(time_ns: int) -> str:
    return f'at {time_ns / 1e9:.3f} s'
