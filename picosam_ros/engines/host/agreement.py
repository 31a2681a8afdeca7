"""How far masks of different squares agree, and which one the others agree with most.

A network answers a click in each of a few squares, and rates its masks. Weighted by their ratings,
the one that the others agree with most has the highest expected IoU, if each is right with a
probability in proportion to its rating.
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
    return int(np.argmax(agreement(masks)))


def agreement(masks: Sequence[Mask]) -> npt.NDArray[np.float64]:
    """Return the sum of each mask's IoUs with all, by their squared weights."""
    return np.asarray(pairwise_iou(masks) @ weights_of(masks) ** 2)


def weights_of(masks: Sequence[Mask]) -> npt.NDArray[np.float64]:
    """Return the score of each mask, less where the border of its square cuts it off."""
    return np.array([mask.score * (1 - cut_share(mask)) for mask in masks])


def same_size(area: float, other: float) -> bool:
    """Whether masks of two areas may be of one object."""
    return max(area, other) <= min(area, other) * STEP_IN_AREA


def area_of(mask: Mask) -> float:
    """Return the image pixels that a mask covers, to the resolution that masks are compared at."""
    square = Square.of([mask])
    return float(square.inside.sum()) * square.pixel


def pairwise_iou(masks: Sequence[Mask]) -> npt.NDArray[np.float64]:
    """Return N×N: the IoU of each two masks of an image; 0 for empty ones."""
    return Overlaps.of(masks).iou


@dataclass(frozen=True, eq=False)
class Overlaps:
    """What masks of an image have in common.

    Attributes:
        shared: N×N, the area that each two cover both, in image pixels.

    """

    shared: npt.NDArray[np.float64]

    @classmethod
    def of(cls, masks: Sequence[Mask]) -> Overlaps:
        """Compare each two on the grid of the finer one; the image may have millions of pixels."""
        return cls(_shared_areas(masks))

    @property
    def areas(self) -> npt.NDArray[np.float64]:
        """Of each mask, in image pixels."""
        return np.diag(self.shared)

    @property
    def iou(self) -> npt.NDArray[np.float64]:
        """N×N; 0 for empty masks."""
        union = self.areas[:, None] + self.areas - self.shared
        # On another one's grid, a mask beside the image may have a sliver of it.
        return np.asarray(np.minimum(self.shared / np.maximum(union, 1e-9), 1))


def _shared_areas(masks: Sequence[Mask]) -> npt.NDArray[np.float64]:
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
    return shared


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


def cut_share(mask: Mask) -> float:
    """Return the share of its square's border that a mask covers: there the object is cut off."""
    inside = mask.logits > 0
    edges = inside[0], inside[-1], inside[:, 0], inside[:, -1]
    return float(np.mean([edge.mean() for edge in edges]))
