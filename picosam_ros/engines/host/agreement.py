"""Which of several masks of different squares a click means.

A click says where and not how large: a button, the shirt, the person. So a network answers in each
of a few squares, and rates its masks; the one that is chosen is not the best rated but the one that
the others agree with most, weighted by their ratings. That is the mask with the highest expected
IoU, if each is right with a probability in proportion to its rating.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.frame import Logits
from picosam_ros.mask import Mask
from picosam_ros.roi import Affine, Roi

# Every second pixel of a mask, along each axis, is enough to compare it.
STEP = 2

# Masks whose areas differ by less than this factor are of the same object.
STEP_IN_AREA = 1.4


def most_agreed(masks: Sequence[Mask]) -> int:
    """Return the index of the mask with the highest mean IoU with all, weighted by their scores."""
    weights = np.array([mask.score * (1 - _cut_share(mask)) for mask in masks])
    return int(np.argmax(pairwise_iou(masks) @ weights**2))


def step_by_size(masks: Sequence[Mask], area: float, step: int) -> Mask | None:
    """Return the mask that is so many steps larger than an area, or smaller; None if none is.

    Args:
        masks: of one place, from squares of different sides.
        area: in image pixels.
        step: above 0 for a larger one, below 0 for a smaller one.

    """
    found = None
    by_area = sorted(((area_of(mask), mask) for mask in masks), key=lambda pair: pair[0])
    for _ in range(abs(step)):
        if step > 0:
            beyond = [pair for pair in by_area if pair[0] > area * STEP_IN_AREA]
        else:
            beyond = [pair for pair in by_area[::-1] if 0 < pair[0] < area / STEP_IN_AREA]
        if not beyond:
            break
        nearest = beyond[0][0]
        # Of those that are about as large, the best rated.
        alike = [p for p in beyond if max(p[0], nearest) <= min(p[0], nearest) * STEP_IN_AREA]
        area, found = max(alike, key=lambda pair: pair[1].score)
    return found


def same_size(one: Mask, other: Mask) -> bool:
    """Whether two masks may be of one object, by their areas."""
    areas = sorted((area_of(one), area_of(other)))
    return areas[1] <= areas[0] * STEP_IN_AREA


def area_of(mask: Mask) -> float:
    """Return the image pixels that a mask covers, to the resolution that masks are compared at."""
    square = Square.of([mask])
    return float(square.inside.sum()) * square.pixel


def pairwise_iou(masks: Sequence[Mask]) -> npt.NDArray[np.float64]:
    """Return N×N: the IoU of each two masks of an image; 0 for empty ones.

    Two masks are compared on the grid of the finer one, and not on the image's, which may have
    millions of pixels.
    """
    squares = [Square.of(list(same)) for _, same in groupby(masks, _grid)]
    ends = np.cumsum([len(square.inside) for square in squares])
    parts = [
        slice(end - len(square.inside), end) for end, square in zip(ends, squares, strict=True)
    ]
    shared = np.zeros((len(masks), len(masks)))
    for i, one in enumerate(squares):
        for j, other in enumerate(squares[: i + 1]):
            if one.pixel <= other.pixel:
                shared[parts[i], parts[j]] = one.areas_shared_with(other)
            else:
                shared[parts[i], parts[j]] = other.areas_shared_with(one).T
            shared[parts[j], parts[i]] = shared[parts[i], parts[j]].T
    areas = np.diag(shared)
    union = areas[:, None] + areas - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float64)


def _grid(mask: Mask) -> tuple[Roi, tuple[int, ...]]:
    return mask.roi, mask.logits.shape


@dataclass(frozen=True, eq=False)
class Square:
    """The masks of one square.

    Attributes:
        logits: h×w×n float32, of the masks.
        inside: n×(h·w) float32: 1 on the object, where that lies on the image, else 0.
        to_grid: image pixels to those of the grid.
        pixel: area of one of the grid's pixels, in image pixels.

    """

    logits: Logits
    inside: npt.NDArray[np.float32]
    to_grid: Affine
    pixel: float

    @classmethod
    def of(cls, masks: Sequence[Mask]) -> Square:
        """Leave out what lies beyond the image's border: there the network saw padding."""
        mask = masks[0]
        logits = np.stack([mask.logits[::STEP, ::STEP] for mask in masks], axis=-1)
        rows, columns = logits.shape[:2]
        to_logits = mask.roi.affine_to(*mask.logits.shape[::-1])
        to_grid = to_logits.then(Affine(1 / STEP, 1 / STEP, 0, 0))
        left, top = to_grid(-0.5, -0.5)
        right, bottom = to_grid(mask.image_width - 0.5, mask.image_height - 0.5)
        down, across = _between(top, bottom, rows), _between(left, right, columns)
        inside = np.zeros((len(masks), rows, columns), np.float32)
        inside[:, down, across] = np.moveaxis(logits[down, across] > 0, -1, 0)
        pixel = mask.roi.width * mask.roi.height / (rows * columns)
        return cls(logits, inside.reshape(len(masks), -1), to_grid, pixel)

    def areas_shared_with(self, other: Square) -> npt.NDArray[np.float32]:
        """Return n×m: the area that two masks cover both, in image pixels, by this grid."""
        if other is self:
            return self.pixel * (self.inside @ self.inside.T)
        rows, columns = self.logits.shape[:2]
        logits = cv2.warpAffine(
            other.logits,
            self.to_grid.inverse().then(other.to_grid).matrix,
            (columns, rows),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(-1,) * 4,
        )
        inside = (logits > 0).reshape(rows * columns, -1).astype(np.float32)
        return np.asarray(self.pixel * (self.inside @ inside), np.float32)


def _between(start: float, end: float, limit: int) -> slice:
    """Return the pixels whose centres lie between two edges."""
    return slice(int(np.clip(np.ceil(start), 0, limit)), int(np.clip(np.ceil(end), 0, limit)))


def _cut_share(mask: Mask) -> float:
    """Return the share of its square's border that a mask covers: there the object is cut off."""
    inside = mask.logits > 0
    edges = inside[0], inside[-1], inside[:, 0], inside[:, -1]
    return float(np.mean([edge.mean() for edge in edges]))
