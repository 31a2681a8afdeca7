"""A contact sheet: the best, the median and the worst masks, drawn on their images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.drawing.canvas import Canvas, Colour
from picosam_ros.drawing.overlay import (
    DARK,
    OPACITY,
    PALETTE,
    WHITE,
    LinePainter,
    outlines,
)
from picosam_ros.evaluation.evaluator import Evaluator, Score
from picosam_ros.evaluation.protocols import Case, Truth, tight_box
from picosam_ros.frame import Pixels
from picosam_ros.prompt import Box
from picosam_ros.resample import PADDING
from picosam_ros.roi import Roi

ROWS = ('best', 'median', 'worst')
COLUMNS = 6
TILE, GAP, CAPTION = 224, 16, 34
LEFT, TOP, MARGIN = 96, 96, 24
INK: Colour = (32, 34, 40)
GREY: Colour = (120, 124, 132)
ANSWER, TRUTH = PALETTE[0], PALETTE[1]
# Margin around the object in a tile, as a share of its long side, and the least side of a tile.
PADDING_SHARE, MIN_SIDE = 0.3, 64


@dataclass(frozen=True)
class Tile:
    """One mask, drawn on its image."""

    image: Pixels
    iou: float
    category: str


def draw_contact_sheet(evaluator: Evaluator, title: str) -> Pixels:
    """Segment some objects again and draw the masks: H×W×3 uint8, R, G, B."""
    rows = [[_tile(evaluator, score) for score in row] for row in _rows(evaluator.scores)]
    columns = max(len(row) for row in rows)
    width = LEFT + columns * (TILE + GAP) - GAP + MARGIN
    row_height = TILE + CAPTION + GAP
    canvas = Canvas(width, TOP + len(rows) * row_height)
    _head(canvas, width, title)
    for index, (name, row) in enumerate(zip(ROWS, rows, strict=True)):
        _captions(canvas, name, row, TOP + index * row_height)
    image = canvas.image()
    for index, row in enumerate(rows):
        top = TOP + index * row_height
        for column, tile in enumerate(row):
            left = LEFT + column * (TILE + GAP)
            image[top : top + TILE, left : left + TILE] = tile.image
    return image


def _rows(scores: Sequence[Score]) -> tuple[Sequence[Score], ...]:
    """Return best, median and worst scores, in disjoint rows where there are enough."""
    order = sorted(scores, key=lambda score: -score.ious[-1])
    count = max(1, min(COLUMNS, len(order) // len(ROWS)))
    middle = (len(order) - count) // 2
    return order[:count], order[middle : middle + count], order[-count:]


def _tile(evaluator: Evaluator, score: Score) -> Tile:
    labelled = evaluator.annotations.read(score.where)
    case = evaluator.case(labelled.image.read(score.path, evaluator.scale), labelled.mask())
    prompt, answer = evaluator.interactions(case)[-1]
    image = _drawn(replace(case, prompt=prompt), answer)
    return Tile(image, score.ious[-1], labelled.category)


def _drawn(case: Case, answer: Truth) -> Pixels:
    window = _window(case, answer)
    image = _zoomed(case.frame.pixels, window, PADDING)
    found, truth = _zoomed_mask(answer, window), _zoomed_mask(case.truth, window)
    image[found] = (image[found] * (1 - OPACITY) + np.array(ANSWER) * OPACITY).astype(np.uint8)
    painter = LinePainter(image, 1.0)
    painter.outline(outlines(truth), TRUTH)
    painter.outline(outlines(found), ANSWER)
    to_tile = window.affine_to(TILE, TILE)
    for point in case.prompt.points:
        rim, ink = (DARK, WHITE) if point.positive else (WHITE, DARK)
        painter.dot(*to_tile(point.x, point.y), 5, rim)
        painter.dot(*to_tile(point.x, point.y), 3.4, ink)
    return image


def _window(case: Case, answer: Truth) -> Roi:
    """Return the square of the frame around truth and mask; all of a frame that is a crop."""
    height, width = case.truth.shape
    both = tight_box((case.truth | answer).view(np.uint8)) if case.truth.any() else None
    if height == width or both is None:
        both = Box(0, 0, width - 1, height - 1)
        return Roi.square(*both.centre, max(height, width))
    side = max(round(both.long_side * (1 + PADDING_SHARE)), MIN_SIDE)
    return Roi.square(*both.centre, side)


def _zoomed(plane: Pixels, window: Roi, fill: int | tuple[int, int, int]) -> Pixels:
    """Resample a window, which may reach over the border, to the size of a tile."""
    to_frame = window.affine_to(TILE, TILE).inverse()
    # Average the pixels that fall together if the window is larger than the tile.
    blur = max(1, round(window.width / TILE))
    if blur > 1:
        plane = np.asarray(cv2.blur(plane, (blur, blur)), np.uint8)
    zoomed: npt.NDArray[np.uint8] = np.asarray(
        cv2.warpAffine(
            plane,
            to_frame.matrix,
            (TILE, TILE),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=fill,
        ),
        np.uint8,
    )
    return zoomed


def _zoomed_mask(mask: Truth, window: Roi) -> Truth:
    return np.asarray(_zoomed(mask.view(np.uint8) * np.uint8(255), window, 0) > 127)


def _head(canvas: Canvas, width: int, title: str) -> None:
    canvas.text(MARGIN, 38, title, INK, height=15, bold=True)
    x = float(MARGIN)
    for colour, name in ((ANSWER, 'answer'), (TRUTH, 'truth')):
        canvas.rectangle(x, 66, x + 18, 72, colour)
        canvas.text(x + 26, 69, name, GREY, height=10)
        x += 110
    canvas.text(width - MARGIN, 69, 'below each: its IoU', GREY, height=10, align='right')


def _captions(canvas: Canvas, name: str, row: Sequence[Tile], top: float) -> None:
    canvas.text(MARGIN, top + TILE / 2, name, INK, height=11, bold=True)
    for column, tile in enumerate(row):
        left = LEFT + column * (TILE + GAP)
        canvas.text(left, top + TILE + 18, f'{tile.iou:.2f}', INK, height=11, bold=True)
        category = tile.category.encode('ascii', 'replace').decode()[:20]
        canvas.text(left + 48, top + TILE + 18, category, GREY, height=10)
