"""The figures: mean IoU, mAP, and the mean IoU by the size of the object."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Choice = npt.NDArray[np.bool_]

THRESHOLDS = np.arange(10, 20) / 20
# COCO's bounds of an object's area, in pixels of the picture.
SMALL, MEDIUM = 32**2, 96**2


def iou(predicted: Choice, truth: Choice) -> float:
    """Intersection over union of two masks of one shape; 0 where both are empty."""
    either = np.count_nonzero(predicted | truth)
    return np.count_nonzero(predicted & truth) / either if either else 0.0


def mean_precision(ious: Values) -> float:
    """Mean over the thresholds 0.50, 0.55 ... 0.95 of the share of masks that reach them."""
    return float((ious[:, None] >= THRESHOLDS).mean()) if len(ious) else 0.0


def by_size(areas: Values) -> dict[str, Choice]:
    """Which masks are small, medium and large: bool [N] each."""
    return {
        'small': areas < SMALL,
        'medium': (areas >= SMALL) & (areas < MEDIUM),
        'large': areas >= MEDIUM,
    }


def summary(ious: Values, areas: Values) -> dict[str, float | None]:
    """Mean IoU and mAP over all masks, mean IoU by size (None where there is no mask)."""
    sizes = {
        name: round(float(ious[chosen].mean()), 4) if chosen.any() else None
        for name, chosen in by_size(areas).items()
    }
    mean = round(float(ious.mean()), 4) if len(ious) else None
    return {'miou': mean, 'map': round(mean_precision(ious), 4), **sizes}
