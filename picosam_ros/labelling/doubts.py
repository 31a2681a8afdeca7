"""Which masks of a followed object a person should look at.

A wrong label is worse than none: what these rules let pass goes into a data set unseen. A mask
must be sure, and lead back: a tracker that slipped to a part of the object, or to another one, is
sure of that, but followed back from there it does not arrive at the prompt.
`make bench ARGS='--only label'` measures the rules.
"""

from __future__ import annotations

import numpy as np

from picosam_ros.frame import Pixels

# The network's own estimate of the IoU below which it is not believed.
SURE = 0.5
# IoU of the masks on the way there and on the way back from which on they show the same.
AGREES = 0.7

ASTRAY = 'followed back, it does not lead to the prompt'


def doubt_of_score(score: float) -> str:
    """Return what the network's rating says against a mask; empty if nothing."""
    return f'the network rates its mask {score:.2f}' if score < SURE else ''


def not_seen(reason: str) -> str:
    """Return the doubt of an object that has no mask."""
    return f'not seen: {reason}'


def overlap(one: Pixels, other: Pixels) -> float:
    """Return the IoU of two masks, height × width uint8 of 0 and 1; 1 if both are empty."""
    union = np.count_nonzero(one | other)
    return float(np.count_nonzero(one & other) / union) if union else 1.0
