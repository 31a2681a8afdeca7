"""Masks drawn on an image: translucent fill, outline, the prompt, and a label with the score."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.drawing.labels import (
    LabelArea,
    Pole,
    TextLabel,
    blend,
    place,
    pole_of,
    render_label,
)
from picosam_ros.frame import Pixels
from picosam_ros.mask import Mask, painting_order
from picosam_ros.prompt import Point, Prompt

Colour = tuple[int, int, int]

# Okabe and Ito, "Color Universal Design" (2008): distinct with every kind of colour blindness.
# The order puts the most different ones first; black is left to the halo.
PALETTE: tuple[Colour, ...] = (
    (86, 180, 233),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (240, 228, 66),
    (213, 94, 0),
    (0, 114, 178),
)
WHITE: Colour = (255, 255, 255)
DARK: Colour = (24, 24, 28)
OPACITY = 0.42

# Maximum deviation of an outline from the smooth curve, in pixels.
DEVIATION = 0.25
# Fractional bits of the coordinates that OpenCV's drawing takes.
SHIFT = 4
# Short side up to which lines have their nominal width; larger images get wider ones.
NOMINAL_SIDE = 640


def draw(frame_pixels: Pixels, masks: Iterable[Mask], *, latency_ms: float | None = None) -> Pixels:
    """Draw masks of one frame, and the milliseconds that they took in the bottom left corner.

    Args:
        frame_pixels: H×W×3 uint8, R, G, B; not written.
        masks: masks of a frame of this size; where some overlap, the one with the best score has
            the pixel. An empty one shows its prompt and the label "empty".
        latency_ms: left out if None or NaN.

    Returns:
        A new H×W×3 uint8 array, R, G, B.

    """
    masks = tuple(masks)
    image = np.array(frame_pixels, np.uint8, order='C')
    painter = LinePainter(image, max(1.0, min(image.shape[:2]) / NOMINAL_SIDE))
    bare = np.ascontiguousarray(frame_pixels)
    for mask in painting_order(masks):
        _fill(image, bare, mask)
    for mask in masks:
        region = mask.region
        contours = outlines(region.inside, region.x, region.y)
        painter.outline(contours, colour_of(mask.prompt.object_id))
    for mask in masks:
        draw_prompt(painter, mask.prompt)
    _draw_labels(image, masks, painter.scale, latency_ms)
    return image


def colour_of(object_id: int) -> Colour:
    """Return R, G, B of an object; ids seven apart share a colour."""
    return PALETTE[(object_id - 1) % len(PALETTE)]


def colour_labels(labels: Pixels) -> Pixels:
    """Return a label image for people: each id in its colour, 0 (nothing) black.

    Args:
        labels: H×W uint8 of object ids.

    Returns:
        A new H×W×3 uint8 array, R, G, B.

    """
    return np.asarray(cv2.applyColorMap(labels, _label_colours()), np.uint8)


@cache
def _label_colours() -> Pixels:
    """Return 256×1×3: R, G, B of each label."""
    ids = (colour_of(object_id) for object_id in range(1, 256))
    return np.array([(0, 0, 0), *ids], np.uint8)[:, None]


@dataclass(frozen=True)
class LinePainter:
    """Draws anti-aliased lines with a thin dark halo, visible on every background."""

    image: Pixels
    scale: float

    def width(self, nominal: float) -> int:
        """Return the width in whole pixels of a nominal width."""
        return max(1, round(nominal * self.scale))

    def outline(self, contours: Sequence[npt.NDArray[np.int32]], colour: Colour) -> None:
        """Draw closed lines through N×2 points in 1/16 pixel."""
        for width, ink in ((self.width(2) + 2, DARK), (self.width(2), colour)):
            cv2.polylines(self.image, contours, True, ink, width, cv2.LINE_AA, SHIFT)

    def strokes(self, ends: Sequence[tuple[float, float, float, float]], colour: Colour) -> None:
        """Draw thin straight lines from (x0, y0) to (x1, y1)."""
        lines = _fixed(np.reshape(np.array(ends, np.float64), (-1, 2, 2)))
        for width, ink in ((self.width(1.5) + 2, DARK), (self.width(1.5), colour)):
            cv2.polylines(self.image, list(lines), False, ink, width, cv2.LINE_AA, SHIFT)

    def dot(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Fill a disc; `radius` is nominal."""
        centre = _fixed(np.array((x, y)))
        size = round(radius * self.scale * (1 << SHIFT))
        middle = (int(centre[0]), int(centre[1]))
        cv2.circle(self.image, middle, size, colour, -1, cv2.LINE_AA, SHIFT)


def _fill(image: Pixels, bare: Pixels, mask: Mask) -> None:
    region = mask.region
    if not region.inside.size:
        return
    view = image[region.slices]
    tinted = cv2.LUT(bare[region.slices], _tint(colour_of(mask.prompt.object_id)))
    cv2.copyTo(tinted, region.inside.view(np.uint8), view)


@cache
def _tint(colour: Colour) -> Pixels:
    """Return 1×256×3: each channel value blended with the translucent colour."""
    shades = np.arange(256)[:, None] * (1 - OPACITY) + np.array(colour) * OPACITY
    return np.rint(shades).astype(np.uint8)[None]


def outlines(inside: npt.NDArray[np.bool_], x: int = 0, y: int = 0) -> list[npt.NDArray[np.int32]]:
    """Return smoothed outlines of parts and holes, in 1/16 pixel.

    Args:
        inside: rows × columns, the object.
        x, y: column and row of its top-left pixel.

    """
    if not inside.any():
        return []
    found, _ = cv2.findContours(
        inside.view(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE, offset=(x, y)
    )
    return [_fixed(_smooth(contour[:, 0].astype(np.float64))) for contour in found]


def _smooth(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    if len(points) < 8:
        return points
    ring = np.concatenate((points[-2:], points, points[:2]))
    smooth = (ring[:-4] + ring[4:] + 3 * (ring[1:-3] + ring[3:-1]) + 4 * ring[2:-2]) / 12
    # The cost of wide lines grows with their corners; a smooth curve needs few.
    return cv2.approxPolyDP(smooth.astype(np.float32), DEVIATION, closed=True)[:, 0].astype(
        np.float64
    )


def _fixed(points: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    return np.rint(points * (1 << SHIFT)).astype(np.int32)


def draw_prompt(painter: LinePainter, prompt: Prompt) -> None:
    """Draw the box dashed, positive points light and negative ones with a cross."""
    colour = colour_of(prompt.object_id)
    if prompt.box is not None:
        box = prompt.box
        corners = ((box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1))
        painter.strokes(_dashes(corners, 7 * painter.scale), colour)
    for point in prompt.points:
        (_draw_positive if point.positive else _draw_negative)(painter, point, colour)


def _draw_positive(painter: LinePainter, point: Point, colour: Colour) -> None:
    for radius, ink in ((7, DARK), (6, colour), (3.2, WHITE)):
        painter.dot(point.x, point.y, radius, ink)


def _draw_negative(painter: LinePainter, point: Point, colour: Colour) -> None:
    for radius, ink in ((7, DARK), (6, colour), (4.8, DARK)):
        painter.dot(point.x, point.y, radius, ink)
    x, y, arm = point.x, point.y, 2.2 * painter.scale
    cross = ((x - arm, y - arm, x + arm, y + arm), (x - arm, y + arm, x + arm, y - arm))
    painter.strokes(cross, WHITE)


def _dashes(
    corners: Sequence[tuple[float, float]], length: float
) -> list[tuple[float, float, float, float]]:
    """Strokes of about `length` with gaps as long, each side beginning and ending in one."""
    strokes = []
    for (x0, y0), (x1, y1) in zip(corners, (*corners[1:], corners[0]), strict=True):
        count = max(1, round(math.hypot(x1 - x0, y1 - y0) / length / 2))
        stops = np.linspace(0, 1, 2 * count + 2)
        strokes += [
            (x0 + a * (x1 - x0), y0 + a * (y1 - y0), x0 + b * (x1 - x0), y0 + b * (y1 - y0))
            for a, b in zip(stops[::2], stops[1::2], strict=True)
        ]
    return strokes


def _draw_labels(
    image: Pixels, masks: Sequence[Mask], scale: float, latency_ms: float | None
) -> None:
    height, width = image.shape[:2]
    taken: list[LabelArea] = []
    if latency_ms is not None and not math.isnan(latency_ms):
        label = render_label(f'{latency_ms:.1f} ms', None, scale)
        gap = round(6 * scale)
        taken.append(_put(image, label, (gap, height - label.height - gap)))
    for mask in masks:
        found = f'{mask.score:.2f}' if not mask.empty else 'empty'
        prompt = mask.prompt
        label = render_label(f'{prompt.object_id}  {found}', colour_of(prompt.object_id), scale)
        clicks = [_around(point, scale) for point in prompt.points]
        pole = _pole(mask)
        corner = place(label, _extent(mask), width, height, pole=pole, avoid=(*clicks, *taken))
        taken.append(_put(image, label, corner))


def _put(image: Pixels, label: TextLabel, corner: tuple[int, int]) -> LabelArea:
    blend(image, label, corner)
    return LabelArea(*corner, corner[0] + label.width, corner[1] + label.height)


def _around(point: Point, scale: float) -> LabelArea:
    reach = 8 * scale
    return LabelArea(point.x - reach, point.y - reach, point.x + reach, point.y + reach)


def _pole(mask: Mask) -> Pole | None:
    region = mask.region
    pole = pole_of(region.inside)
    return pole and replace(pole, x=pole.x + region.x, y=pole.y + region.y)


def _extent(mask: Mask) -> LabelArea:
    """Return what the label belongs to: the object, or its prompt if there is none."""
    box = mask.box or mask.prompt.box
    if box is not None:
        return LabelArea(box.x0, box.y0, box.x1 + 1, box.y1 + 1)
    xs = [point.x for point in mask.prompt.points]
    ys = [point.y for point in mask.prompt.points]
    return LabelArea(min(xs) - 8, min(ys) - 8, max(xs) + 9, max(ys) + 9)
