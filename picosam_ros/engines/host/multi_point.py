"""One mask of several points.

The network takes no points, since the square is the prompt. So it runs at every point, in squares
of one side, as if that were the only one. A pixel belongs to the object if the highest logit of
the positive points exceeds 0 and that of the negative ones; of these pixels, those connected with
a positive point remain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from picosam_ros.frame import Logits
from picosam_ros.mask import Mask
from picosam_ros.prompt import Point, Prompt
from picosam_ros.roi import Roi


def combine(prompt: Prompt, masks: Sequence[Mask]) -> Mask:
    """Combine the masks of all points of a prompt.

    Args:
        prompt: its points, at least one of them positive.
        masks: for each point that of a square around it, all n×n logits and of one side.

    Returns:
        A mask over the squares of the positive points, at the resolution of the masks, or of the
        image where that is higher. Its score is the mean of theirs.

    """
    pairs = list(zip(prompt.points, masks, strict=True))
    positive = [mask for point, mask in pairs if point.positive]
    negative = [mask for point, mask in pairs if not point.positive]
    roi = _square_over([mask.roi for mask in positive])
    size = len(masks[0].logits)
    side = max(size, min(round(size * roi.width / masks[0].roi.width), round(roi.width)))
    logits = _highest(positive, roi, side)
    if negative:
        # Where the negative points see no object themselves, they subtract nothing.
        logits = logits - np.maximum(_highest(negative, roi, side), 0)
    score = float(np.mean([mask.score for mask in positive]))
    return replace(
        positive[0],
        prompt=prompt,
        logits=_parts_with(prompt.positives, logits, roi),
        roi=roi,
        score=score,
    )


def _square_over(rois: Sequence[Roi]) -> Roi:
    left, top = min(roi.x for roi in rois), min(roi.y for roi in rois)
    right = max(roi.x + roi.width for roi in rois)
    bottom = max(roi.y + roi.height for roi in rois)
    side = round(max(right - left, bottom - top))
    return Roi.square((left + right - 1) / 2, (top + bottom - 1) / 2, side)


def _highest(masks: Sequence[Mask], roi: Roi, side: int) -> Logits:
    return np.maximum.reduce([mask.within(roi, side).logits for mask in masks])


def _parts_with(points: Sequence[Point], logits: Logits, roi: Roi) -> Logits:
    """Remove the connected parts without any of the points; keep all if no part has one."""
    side = len(logits)
    _, parts = cv2.connectedComponents((logits > 0).view(np.uint8))
    to_logits = roi.affine_to(side, side)
    pixels = np.clip(np.rint([to_logits(point.x, point.y) for point in points]), 0, side - 1)
    columns, rows = pixels.astype(np.intp).T
    kept = np.setdiff1d(parts[rows, columns], 0)
    if not kept.size:
        return logits
    return np.where((logits > 0) & ~np.isin(parts, kept), -logits, logits)
