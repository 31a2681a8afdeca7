"""Which masks of a followed object a person should look at.

A wrong label is worse than none: what these rules let pass goes into a data set unseen.
`make bench ARGS='--only label'` measures them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from picosam_ros.frame import Pixels

# The network's own estimate of the IoU below which it is not believed.
SURE = 0.5
# IoU with the mask of the image before below which something else may be shown.
SAME = 0.7
# Images before the object got out of sight: there the mask often leaves it already.
BEFORE_A_GAP = 10
NOT_SEEN = 'not seen'


@dataclass(frozen=True)
class Sighting:
    """One object in one image, as it was followed.

    Attributes:
        score: of the mask, see Mask.score.
        overlap: IoU with the object's last mask before; 1 for the first one.
        reason: why there is no mask; empty if there is one.

    """

    score: float = 0.0
    overlap: float = 1.0
    reason: str = ''


def doubts_of(sightings: Sequence[Sighting]) -> list[str]:
    """Return for each sighting of one object, in the order of following, its doubt or ''."""
    doubts = [_doubt(one) for one in sightings]
    for index, one in enumerate(sightings):
        if not one.reason or (index and sightings[index - 1].reason):
            continue
        for before in range(max(index - BEFORE_A_GAP, 0), index):
            doubts[before] = doubts[before] or 'it is out of sight soon after'
    return doubts


def _doubt(one: Sighting) -> str:
    if one.reason:
        return f'{NOT_SEEN}: {one.reason}'
    if one.score < SURE:
        return f'the network rates its mask {one.score:.2f}'
    if one.overlap < SAME:
        return f'its mask changed at once: IoU {one.overlap:.2f} with the one before'
    return ''


def overlap(one: Pixels, other: Pixels) -> float:
    """Return the IoU of two masks, height × width uint8 of 0 and 1; 1 if both are empty."""
    union = np.count_nonzero(one | other)
    return float(np.count_nonzero(one & other) / union) if union else 1.0
