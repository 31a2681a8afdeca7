"""After how many frames a change of the ROI shows, from the network's outputs alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from picosam_ros.frame import Logits

# Two outputs differ if the mean difference of their probabilities is larger.
MIN_CONTRAST = 0.03

# An output belongs to the ROI that it is nearer to by this factor.
MIN_RATIO = 2.0

# Fewer outputs after a change do not tell when it showed.
MIN_OUTPUTS = 3


@dataclass(frozen=True)
class Bounds:
    """Of one change: the count of the last frame with the old ROI, and the first with the new."""

    last_old: int
    first_new: int


def bounds(before: Logits, after: Sequence[tuple[int, Logits]]) -> Bounds | None:
    """Compare the outputs after a change with that before it and with the last one.

    Args:
        before: output of the old ROI.
        after: frame count (1 for the first frame that was captured after the change) and output,
            in the order of capture; the last one is of the new ROI.

    Returns:
        None if they do not show it: both ROIs look alike, or the scene changed meanwhile.

    """
    if len(after) < MIN_OUTPUTS:
        return None
    outputs = [_probability(logits) for _, logits in after]
    old, new = _probability(before), outputs[-1]
    if _distance(old, new) < MIN_CONTRAST:
        return None
    last_old, first_new = 0, 0
    for (count, _), output in zip(after, outputs, strict=True):
        to_old, to_new = _distance(output, old), _distance(output, new)
        if MIN_RATIO * to_new < to_old:
            first_new = first_new or count
        elif MIN_RATIO * to_old < to_new and not first_new:
            last_old = count
        else:
            return None
    return Bounds(last_old, first_new)


def settle_frames(found: Sequence[Bounds]) -> int | None:
    """Return how many frames after a change must be left out; None without any bounds.

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
