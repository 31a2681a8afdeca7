"""Several looks at one object: which of their masks belong together, and the mean of these.

Each look has its square, and three masks in it. What differs from look to look, as an outline by a
few pixels, is chance, and the mean has less of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from picosam_ros.engines.host.agreement import pairwise_iou
from picosam_ros.mask import Mask

# How much a mask counts that a point of the prompt disagrees with.
DISAGREEING = 0.3


def of_one_object(looks: Sequence[Sequence[Mask]]) -> list[Mask]:
    """Return the mask of each look, by their scores and how far they agree."""
    masks = [mask for look in looks for mask in look]
    most = max(mask.agreeing_points for mask in masks)
    weights = np.array(
        [mask.score * (1 if mask.agreeing_points == most else DISAGREEING) for mask in masks]
    )
    weighted = (pairwise_iou(masks) * weights).reshape(len(masks), len(looks), -1)
    # A mask is not compared with those of its own look: there are two more of it.
    own = np.repeat(np.arange(len(looks)), len(looks[0]))
    each = np.arange(len(masks))
    weighted[each, own] = 0
    weighted[each, own, each % len(looks[0])] = weights
    first = int(np.argmax(weighted.max(2).prod(1)))
    chosen = weighted[first].argmax(1)
    return [look[index] for look, index in zip(looks, chosen, strict=True)]


def mean(masks: Sequence[Mask]) -> Mask:
    """Return the mean of masks of one object, in the square of the first one."""
    first = masks[0]
    if len(masks) == 1:
        return first
    side = max(len(mask.logits) for mask in masks)
    logits = np.mean([mask.within(first.roi, side).logits for mask in masks], axis=0)
    score = float(np.mean([mask.score for mask in masks]))
    return replace(first, logits=np.ascontiguousarray(logits, np.float32), score=score)
