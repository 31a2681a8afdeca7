"""Pictures of one object: the photo, and the answers to its prompts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from picosam_ros.drawing.overlay import OPACITY, PALETTE, LinePainter, draw_prompt, outlines
from picosam_ros.engines.base import Engine
from picosam_ros.evaluation.evaluator import played
from picosam_ros.evaluation.metrics import iou
from picosam_ros.evaluation.protocols import PROTOCOLS, Interaction, Truth, tight_box
from picosam_ros.frame import Pixels
from picosam_ros.prompt import Box, Point, Prompt
from picosam_ros.roi import Affine, Roi

CLICKS = 5
# Long side of a picture, in pixels: twice what a card shows, for dense screens.
SIDE = 560
ANSWER, TRUTH = PALETTE[0], PALETTE[1]
# The part of the photo that is shown: so many times what lies in it, and at least such a share of
# the photo's short side, so that one sees where it is.
MARGIN, LEAST = 1.5, 0.25


@dataclass(frozen=True)
class Answer:
    """One prompt and its mask, drawn.

    Attributes:
        title: what the user did.
        iou: of mask and label.
        image: H×W×3 uint8, R, G, B.

    """

    title: str
    iou: float
    image: Pixels


@dataclass(frozen=True)
class Pictures:
    """The photo with the label and the part that the answers show; and the answers."""

    photo: Pixels
    answers: tuple[Answer, ...]


def make_pictures(engine: Engine, pixels: Pixels, mask: Pixels) -> Pictures:
    """Segment an object by one click, by a box and by five clicks, and draw what comes.

    Args:
        engine: opened by the caller.
        pixels: H×W×3 uint8, R, G, B.
        mask: uint8 [H, W], 1 on the object.

    Raises:
        EngineError: the engine returned no mask.

    """
    truth = mask > 0
    clicked = played(engine, PROTOCOLS['full'](pixels, mask), CLICKS)
    [boxed] = played(engine, PROTOCOLS['box'](pixels, mask), 1)
    shown = {'One click': clicked[0], 'A box': boxed, _clicks(clicked): clicked[-1]}
    window = _window(truth, list(shown.values()))
    answers = (
        Answer(title, iou(answer, truth), _drawn(pixels, truth, window, (prompt, answer)))
        for title, (prompt, answer) in shown.items()
    )
    return Pictures(_photo(pixels, truth, window), tuple(answers))


def _clicks(clicked: Sequence[Interaction]) -> str:
    """Return the title of the last answer: clicking stops once nothing is wrong."""
    return 'Five clicks' if len(clicked) == CLICKS else f'All right after {len(clicked)}'


def _window(truth: Truth, interactions: Sequence[Interaction]) -> Roi:
    """Return the part of the photo with the label, masks and points; all of it if that is large."""
    height, width = truth.shape
    seen = truth.copy()
    for prompt, answer in interactions:
        seen |= answer
        for point in prompt.points:
            seen[int(point.y), int(point.x)] = True
    box = tight_box(seen.view(np.uint8))
    side = round(max(MARGIN * (box.long_side + 1), LEAST * min(height, width)))
    if side >= min(height, width):
        return Roi(0, 0, width, height)
    square = Roi.square(*box.centre, side)
    x, y = min(max(square.x, 0), width - side), min(max(square.y, 0), height - side)
    return Roi(x, y, side, side)


def _size(window: Roi) -> tuple[int, int]:
    scale = SIDE / max(window.width, window.height)
    return round(window.width * scale), round(window.height * scale)


def _zoomed(plane: Pixels, window: Roi) -> Pixels:
    x, y, w, h = (int(v) for v in (window.x, window.y, window.width, window.height))
    size = _size(window)
    how = cv2.INTER_AREA if size[0] < w else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(plane[y : y + h, x : x + w], size, interpolation=how), np.uint8)


def _zoomed_mask(mask: Truth, window: Roi) -> Truth:
    return np.asarray(_zoomed(mask.view(np.uint8) * np.uint8(255), window) > 127)


def _drawn(pixels: Pixels, truth: Truth, window: Roi, interaction: Interaction) -> Pixels:
    prompt, answer = interaction
    image, found = _zoomed(pixels, window), _zoomed_mask(answer, window)
    image[found] = (image[found] * (1 - OPACITY) + np.array(ANSWER) * OPACITY).astype(np.uint8)
    painter = LinePainter(image, 1.0)
    painter.outline(outlines(_zoomed_mask(truth, window)), TRUTH)
    painter.outline(outlines(found), ANSWER)
    larger = LinePainter(image, 1.5)
    draw_prompt(larger, _moved(prompt, window.affine_to(*_size(window))))
    return image


def _photo(pixels: Pixels, truth: Truth, window: Roi) -> Pixels:
    height, width = truth.shape
    whole = Roi(0, 0, width, height)
    image = _zoomed(pixels, whole)
    painter = LinePainter(image, 1.0)
    painter.outline(outlines(_zoomed_mask(truth, whole)), TRUTH)
    if window != whole:
        painter.strokes(list(_edges(window.through(whole.affine_to(*_size(whole))))), (255,) * 3)
    return image


def _edges(roi: Roi) -> Iterator[tuple[float, float, float, float]]:
    x0, y0, x1, y1 = roi.x, roi.y, roi.x + roi.width - 1, roi.y + roi.height - 1
    corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    for one, other in zip(corners, (*corners[1:], corners[0]), strict=True):
        yield (*one, *other)


def _moved(prompt: Prompt, affine: Affine) -> Prompt:
    """Return the prompt in the pixels of the picture."""
    points = tuple(
        Point(*affine(point.x, point.y), positive=point.positive) for point in prompt.points
    )
    box = prompt.box
    if box is not None:
        # Around the pixels of its border.
        box = Box(*affine(box.x0 - 0.5, box.y0 - 0.5), *affine(box.x1 + 0.5, box.y1 + 0.5))
    return replace(prompt, points=points, box=box, previous=None)
