"""What tells which of the masks proposed for a click is meant, in numbers.

They are what `choice` has learnt from: the shape of a mask and where in it the click is, how the
network rates it, and what the masks of the other squares say to it. People click near the middle
of what they mean (RClicks, arXiv 2410.11722).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.engines.host.agreement import (
    STEP,
    STEP_IN_AREA,
    Overlaps,
    cut_share,
    weights_of,
)
from picosam_ros.mask import Mask, stability

Numbers = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]

# Share of a mask that lies in another one, of which it is a part.
CONTAINED = 0.9
# Beyond it a logit says nothing more.
CLIP = 8


class Shape(NamedTuple):
    """Numbers of a mask by itself; lengths in it are in roots of its area.

    Attributes:
        area, width, height: of the image's, as logarithms.
        filled: share of its square.
        cut: mean share of the sides of its square; there it may be cut off.
        cut_within: the largest share of a side beyond which the image goes on.
        stability: see `mask.stability`.
        sureness: mean logit inside, in CLIP.
        compactness: share of its box.
        click_depth: distance from the click to its outline.
        depth: the largest distance from a pixel of it to its outline.
        column, row: from the middle of its box to the click, in the box's sides.
        off_centre: distance from its centroid to the click.
        largest_part: share of its largest connected part.
        parts: their number, at most ten, in tens.
        side: of its square, in the image's short side, as a logarithm.

    """

    area: float
    width: float
    height: float
    filled: float
    cut: float
    cut_within: float
    stability: float
    sureness: float
    compactness: float
    click_depth: float
    depth: float
    column: float
    row: float
    off_centre: float
    largest_part: float
    parts: float
    side: float

    @classmethod
    def of(cls, mask: Mask) -> Shape:
        """Measure a mask; several positive points count by their mean."""
        logits = np.ascontiguousarray(mask.logits[::STEP, ::STEP])
        inside = (logits > 0).view(np.uint8)
        count = max(int(np.count_nonzero(inside)), 1)
        pixel, root = mask.roi.width / logits.shape[1], float(np.sqrt(count))
        x, y, width, height = cv2.boundingRect(inside)
        padded = cv2.copyMakeBorder(inside, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
        depth = cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1]
        clicks = _clicks(mask)
        column, row = clicks.mean(0)
        moments = cv2.moments(inside, binaryImage=True)
        centroid = moments['m10'] / count, moments['m01'] / count
        _, _, parts, _ = cv2.connectedComponentsWithStats(inside)
        at = np.clip(np.rint(clicks), 0, np.array(logits.shape)[::-1] - 1).astype(np.intp)
        image = mask.image_width, mask.image_height
        return cls(
            area=float(np.log(pixel**2 * count / (image[0] * image[1]) + 1e-6)),
            width=float(np.log(pixel * width / image[0] + 1e-3)),
            height=float(np.log(pixel * height / image[1] + 1e-3)),
            filled=count / logits.size,
            cut=cut_share(mask),
            cut_within=_cut_within(mask, inside),
            stability=stability(logits),
            sureness=float(np.minimum(logits, CLIP).sum(where=inside > 0)) / CLIP / count,
            compactness=count / max(width * height, 1),
            click_depth=float(depth[at[:, 1], at[:, 0]].mean()) / root,
            depth=float(depth.max()) / root,
            column=abs(column + 0.5 - x - width / 2) / max(width, 1),
            row=abs(row + 0.5 - y - height / 2) / max(height, 1),
            off_centre=float(np.hypot(column - centroid[0], row - centroid[1])) / root,
            largest_part=float(parts[1:, cv2.CC_STAT_AREA].max(initial=0)) / count,
            parts=min(len(parts) - 1, 10) / 10,
            side=float(np.log(mask.roi.width / min(image))),
        )


class Standing(NamedTuple):
    """Numbers of each mask among all, each of N; weights are ratings without what is cut off.

    Attributes:
        rating: the IoU that the network expects.
        odds: the logarithm of its odds, in fours.
        below_best: the rating less the highest one.
        agreement: mean IoU with all, by their squared weights, as `most_agreed` has it.
        below_most: the same less the highest one.
        around: mean share of the others that lies inside, by weight.
        within: mean share of it that lies in the others, by weight.
        larger, smaller: weights of those that are larger or smaller by STEP_IN_AREA, in fives.
        whole, part: the largest weight of what contains it, and of what it contains.
        rank: share of the masks that are smaller.

    """

    rating: Values
    odds: Values
    below_best: Values
    agreement: Values
    below_most: Values
    around: Values
    within: Values
    larger: Values
    smaller: Values
    whole: Values
    part: Values
    rank: Values

    @classmethod
    def of(cls, masks: Sequence[Mask], overlaps: Overlaps, weights: Values) -> Standing:
        """Compare masks of one prompt."""
        iou, areas = overlaps.iou, overlaps.areas
        rating = np.array([mask.score for mask in masks])
        kept = np.clip(rating, 1e-3, 1 - 1e-3)
        agreement = iou @ weights**2 / max(float((weights**2).sum()), 1e-9)
        # On another one's grid, a mask beside the image may have a sliver of it.
        around = np.minimum(overlaps.shared / np.maximum(areas, 1e-9), 1)
        within = around.T
        larger = areas > STEP_IN_AREA * areas[:, None]
        smaller = larger.T
        return cls(
            rating=rating,
            odds=np.log(kept / (1 - kept)) / 4,
            below_best=rating - rating.max(),
            agreement=agreement,
            below_most=agreement - agreement.max(),
            around=(around * weights).mean(1),
            within=(within * weights).mean(1),
            larger=(larger * weights).sum(1) / 5,
            smaller=(smaller * weights).sum(1) / 5,
            whole=(larger * (within > CONTAINED) * weights).max(1),
            part=(smaller * (around > CONTAINED) * weights).max(1),
            rank=(areas < areas[:, None]).mean(1),
        )


# The squares that a mask is compared with, by their sides, the smallest first.
SQUARES = 5

# In the order of the columns of `describe`.
NAMES = Shape._fields + Standing._fields + tuple(f'square_{n}' for n in range(1, SQUARES + 1))


def describe(masks: Sequence[Mask]) -> Numbers:
    """Return the numbers of masks of one prompt with points, N×len(NAMES), in the order of NAMES.

    The last ones are the best weighted IoU with a mask of each square.
    """
    overlaps, weights = Overlaps.of(masks), weights_of(masks)
    shapes = np.array([Shape.of(mask) for mask in masks], np.float32)
    standing = np.stack(Standing.of(masks, overlaps, weights), axis=1)
    by_square = _by_square(masks, overlaps.iou * weights)
    return np.hstack([shapes, standing, by_square]).astype(np.float32)


def _clicks(mask: Mask) -> npt.NDArray[np.float64]:
    """Return column and row of each positive point, or of what stands for one, N×2."""
    to_logits = mask.roi.affine_to(*mask.logits.shape[::-1])
    prompt = mask.prompt
    places = [(point.x, point.y) for point in prompt.positives] or [prompt.centre]
    return np.array([to_logits(*place) for place in places]) / STEP


def _cut_within(mask: Mask, inside: npt.NDArray[np.uint8]) -> float:
    roi = mask.roi
    sides = (
        (inside[0], roi.y > 0),
        (inside[-1], roi.y + roi.height < mask.image_height),
        (inside[:, 0], roi.x > 0),
        (inside[:, -1], roi.x + roi.width < mask.image_width),
    )
    return max((float(side.mean()) for side, goes_on in sides if goes_on), default=0.0)


def _by_square(masks: Sequence[Mask], weighted: Values) -> Values:
    """Return the best weighted IoU, of N×N, of each mask with one of each square, N×SQUARES."""
    squares = sorted({mask.roi for mask in masks}, key=lambda roi: (roi.width, roi.x, roi.y))
    # In a small image the smallest ones are one and the same.
    squares = [*squares[:1] * (SQUARES - len(squares)), *squares][-SQUARES:]
    columns = [np.array([mask.roi == square for mask in masks]) for square in squares]
    return np.stack([weighted[:, column].max(1) for column in columns], axis=1)
