"""After how many frames does a change of the ROI show? Told from the network's outputs alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from picosam_ros.frame import Logits

# Two outputs differ if their probabilities do by so much in the mean.
MIN_CONTRAST = 0.03

# An output is of the ROI that it is nearer to, if it is nearer by this factor.
CLEARLY = 2.0


@dataclass(frozen=True, eq=False)
class Sighting:
    """An output after a change of the ROI.

    Attributes:
        count: 1 for the first frame that was captured after the change.
        logits: of the network.

    """

    count: int
    logits: Logits


@dataclass(frozen=True)
class Bounds:
    """What one change tells: counts of the last frame with the old ROI, the first with the new."""

    last_old: int
    first_new: int


def bounds(before: Logits, sightings: Sequence[Sighting]) -> Bounds | None:
    """Compare the outputs after a change with that before it and with the last one.

    Args:
        before: of the old ROI.
        sightings: in the order of capture; the last one is of the new ROI.

    Returns:
        None if the outputs do not tell: both ROIs look alike, or the scene changed meanwhile.

    """
    if len(sightings) < 3:
        return None
    outputs = [_probability(sighting.logits) for sighting in sightings]
    old, new = _probability(before), outputs[-1]
    if _distance(old, new) < MIN_CONTRAST:
        return None
    last_old, first_new = 0, 0
    for sighting, output in zip(sightings, outputs, strict=True):
        to_old, to_new = _distance(output, old), _distance(output, new)
        if CLEARLY * to_new < to_old:
            first_new = first_new or sighting.count
        elif CLEARLY * to_old < to_new and not first_new:
            last_old = sighting.count
        else:
            return None
    return Bounds(last_old, first_new)


def settle_frames(found: Sequence[Bounds]) -> int | None:
    """Give the number of frames after a change that must be left out; None if nothing tells.

    Frames without an output lie between the bounds of a change. Several changes narrow them down;
    if they disagree, the longest time counts.
    """
    if not found:
        return None
    longest = max(bound.last_old for bound in found)
    return max(longest, min(bound.first_new for bound in found) - 1)


def _probability(logits: Logits) -> Logits:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -20, 20))), np.float32)


def _distance(a: Logits, b: Logits) -> float:
    return float(np.abs(a - b).mean())
