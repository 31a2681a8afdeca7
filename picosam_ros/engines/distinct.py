"""Of many masks of one picture the good ones, each thing once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.mask import Mask, stability
from picosam_ros.resample import paste
from picosam_ros.roi import Affine

# A mask's quality is its score times its stability. Below the first it is dropped at once; from the
# second on it is good. Networks rate themselves differently: where the best of an image (the
# percentile) are not much better than that, this share of theirs is good, too.
LEAST_QUALITY, GOOD_QUALITY = 0.15, 0.4
BEST_PERCENTILE, OF_THE_BEST = 95, 0.6
# Share of a side of its square that a mask may cover: there it was cut off.
MOST_CUT = 0.1
# Of the image; smaller and larger masks are specks, and what is behind everything.
LEAST_SHARE, MOST_SHARE = 0.0008, 0.9
# Share of a mask that is in one piece.
LEAST_PIECE = 0.9
# IoU from which on two masks are of one thing …
DOUBLE = 0.6
# … and, if one has this share of the other's area at least, the share of it that lies inside.
CONTAINED, CONTAINED_AREA = 0.9, 0.5

# Long side of the grid that masks are compared on, in pixels: the image's, if that is smaller.
LONG_SIDE = 640


@dataclass(frozen=True, eq=False)
class Candidate:
    """A mask that may be that of a thing, and its pixels on the grid that masks are compared on.

    Attributes:
        mask: as the engine returned it.
        quality: 0 to 1.
        x, y: column and row of the top-left pixel of its box on the grid.
        inside: rows × columns of the box, bool.
        area: in pixels of the grid.

    """

    mask: Mask
    quality: float
    x: int
    y: int
    inside: npt.NDArray[np.bool_]
    area: int

    @property
    def long_side(self) -> int:
        """Of its box, in pixels of the grid."""
        return max(self.inside.shape)

    def covers(self, x: float, y: float) -> bool:
        """Whether it has a pixel of the grid."""
        row, column = round(y) - self.y, round(x) - self.x
        rows, columns = self.inside.shape
        return 0 <= row < rows and 0 <= column < columns and bool(self.inside[row, column])

    def same_thing(self, other: Candidate) -> bool:
        """Whether the two are doubles: much the same, or a large part of the other."""
        smaller, larger = sorted((self.area, other.area))
        if smaller < CONTAINED_AREA * larger:
            return False
        shared = self._shared(other)
        return shared > DOUBLE * (smaller + larger - shared) or shared > CONTAINED * smaller

    def _shared(self, other: Candidate) -> int:
        rows, columns = self.inside.shape
        x0, x1 = max(self.x, other.x), min(self.x + columns, other.x + other.inside.shape[1])
        y0, y1 = max(self.y, other.y), min(self.y + rows, other.y + other.inside.shape[0])
        if x0 >= x1 or y0 >= y1:
            return 0
        ours = self.inside[y0 - self.y : y1 - self.y, x0 - self.x : x1 - self.x]
        theirs = other.inside[y0 - other.y : y1 - other.y, x0 - other.x : x1 - other.x]
        return int(np.count_nonzero(ours & theirs))


def grid_scale(width: int, height: int) -> float:
    """Return the grid's pixels for one of an image."""
    return min(1.0, LONG_SIDE / max(width, height))


def candidate_of(mask: Mask) -> Candidate | None:
    """Return a mask with its quality; None if it cannot be that of a thing.

    A thing's has some score and stability, has the point that was clicked, is not cut off by the
    border of its square, is in one piece, and neither tiny nor the whole image.
    """
    quality = mask.score * stability(mask.logits)
    if quality < LEAST_QUALITY or not mask.agreeing_points or _cut(mask) > MOST_CUT:
        return None
    scale = grid_scale(mask.image_width, mask.image_height)
    width, height = (max(1, round(scale * side)) for side in (mask.image_width, mask.image_height))
    to_grid = Affine(scale, scale, (scale - 1) / 2, (scale - 1) / 2)
    left, top, logits = paste(mask.logits, mask.roi.through(to_grid), width, height)
    inside = logits > 0
    x, y, columns, rows = cv2.boundingRect(inside.view(np.uint8))
    inside = inside[y : y + rows, x : x + columns].copy()
    area = int(np.count_nonzero(inside))
    if not LEAST_SHARE * width * height <= area <= MOST_SHARE * width * height:
        return None
    if _largest_piece(inside) < LEAST_PIECE * area:
        return None
    return Candidate(mask, quality, left + x, top + y, inside, area)


def distinct(candidates: Iterable[Candidate], most: int) -> list[Candidate]:
    """Return each thing once, as the best of its masks; the best `most` of them, best first."""
    ordered = sorted(candidates, key=lambda candidate: -candidate.quality)
    kept: list[Candidate] = []
    if not ordered:
        return kept
    best = float(np.percentile([one.quality for one in ordered], BEST_PERCENTILE))
    least = min(GOOD_QUALITY, OF_THE_BEST * best)
    for one in ordered:
        if len(kept) == most or one.quality < least:
            break
        if not any(one.same_thing(other) for other in kept):
            kept.append(one)
    return kept


def _cut(mask: Mask) -> float:
    """Return the largest share of a side of its square that it covers, within the image."""
    inside, roi = mask.logits > 0, mask.roi
    sides = (
        (inside[0], roi.y > 0),
        (inside[-1], roi.y + roi.height < mask.image_height),
        (inside[:, 0], roi.x > 0),
        (inside[:, -1], roi.x + roi.width < mask.image_width),
    )
    return max(float(side.mean()) for side, within in (*sides, (np.zeros(1), True)) if within)


def _largest_piece(inside: npt.NDArray[np.bool_]) -> int:
    _, _, pieces, _ = cv2.connectedComponentsWithStats(inside.view(np.uint8))
    return int(pieces[1:, cv2.CC_STAT_AREA].max(initial=0))
