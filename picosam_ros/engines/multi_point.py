"""Several points of one object: each lays claim to what the network sees around it.

The network takes no points, since the square is the prompt. So it is asked at every point, in
squares of one side, as if that were the only one. A pixel is the object's where a positive point
claims it with a higher logit than every negative one; and only connected parts with a positive
point in them are.
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


def resolve(prompt: Prompt, looks: Sequence[Mask]) -> Mask:
    """Make one mask of the answers at all points.

    Args:
        prompt: its points, at least one of them positive.
        looks: for each point the answer in a square around it, all n×n logits and of one side.

    Returns:
        A mask over the squares of the positive points, as fine as the looks or, where that is
        finer, as the image. Its score is the mean of their scores.

    """
    answers = list(zip(prompt.points, looks, strict=True))
    positive = [mask for point, mask in answers if point.positive]
    negative = [mask for point, mask in answers if not point.positive]
    roi = _square_over([mask.roi for mask in positive])
    finest = len(looks[0].logits)
    side = max(finest, min(round(finest * roi.width / looks[0].roi.width), round(roi.width)))
    claimed = _strongest(positive, roi, side)
    # Where no negative point claims a pixel, nothing is taken from the others.
    logits = claimed - np.maximum(_strongest(negative, roi, side), 0) if negative else claimed
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


def _strongest(masks: Sequence[Mask], roi: Roi, side: int) -> Logits:
    return np.maximum.reduce([mask.within(roi, side).logits for mask in masks])


def _parts_with(points: Sequence[Point], logits: Logits, roi: Roi) -> Logits:
    """Take connected parts that hold none of the points out; all stay where none holds any."""
    side = len(logits)
    _, parts = cv2.connectedComponents((logits > 0).view(np.uint8))
    to_logits = roi.affine_to(side, side)
    places = np.clip(np.rint([to_logits(point.x, point.y) for point in points]), 0, side - 1)
    columns, rows = places.astype(np.intp).T
    held = np.setdiff1d(parts[rows, columns], 0)
    if not held.size:
        return logits
    return np.where((logits > 0) & ~np.isin(parts, held), -logits, logits)
