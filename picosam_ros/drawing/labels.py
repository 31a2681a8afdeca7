"""Small texts on dark plates with round corners, for overlays."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.drawing.canvas import SUPERSAMPLING
from picosam_ros.drawing.text import render_text
from picosam_ros.frame import Pixels

Plane = npt.NDArray[np.float32]

PLATE = (24, 24, 28)
PLATE_OPACITY = 0.84
# Of a label and of a digit in it, in pixels at scale 1; all of it looks as on the viewer's page.
HEIGHT, DIGIT = 20, 8.5
TEXT = (255, 255, 255)
# A label is written on an object whose box has so many times its area; a smaller one it would hide.
_LEAST_AREAS = 6
# Rows or columns in which a pole is looked for.
_POLE_SIDE = 96


@dataclass(frozen=True)
class LabelArea:
    """Pixels that a label covers or must not cover: from (x0, y0) up to, without, (x1, y1)."""

    x0: float
    y0: float
    x1: float
    y1: float

    def overlaps(self, other: LabelArea) -> bool:
        """Whether they share a pixel."""
        return (
            self.x0 < other.x1 and other.x0 < self.x1 and self.y0 < other.y1 and other.y0 < self.y1
        )


@dataclass(frozen=True)
class Pole:
    """The pixel of a mask that is farthest from its outline, and how far that is, in pixels."""

    x: float
    y: float
    depth: float


@dataclass(frozen=True, eq=False)
class TextLabel:
    """A rendered label, to be blended with an image.

    Attributes:
        colour: h×w×3 float32, R, G, B, multiplied by the opacity.
        transparency: h×w×1 float32, the share of the image that shows through.

    """

    colour: Plane
    transparency: Plane

    @property
    def width(self) -> int:
        """Number of columns."""
        return int(self.colour.shape[1])

    @property
    def height(self) -> int:
        """Number of rows."""
        return int(self.colour.shape[0])


@lru_cache(maxsize=512)
def render_label(text: str, swatch: tuple[int, int, int] | None, scale: float) -> TextLabel:
    """Render `text` after a disc of the colour `swatch`, if any; `scale` 1 is 20 pixels high."""
    line = render_text(text, DIGIT * scale, bold=True)
    pad, disc = round(7 * scale), round(12 * scale) if swatch else 0
    rows, columns = round(HEIGHT * scale), line.shape[1] + 2 * pad + disc
    large = (rows * SUPERSAMPLING, columns * SUPERSAMPLING)
    zoom = scale * SUPERSAMPLING

    opacity = _averaged(_round_corners(large, round(6 * zoom))) * PLATE_OPACITY
    colour = opacity * np.array(PLATE, np.float32)
    ink = np.zeros((rows, columns, 1), np.float32)
    top = (rows - line.shape[0]) // 2
    ink[top : top + line.shape[0], pad + disc : columns - pad, 0] = line
    colour, opacity = _over(colour, opacity, ink, TEXT)
    if swatch is not None:
        dot = np.zeros(large, np.uint8)
        cv2.circle(dot, (round(11 * zoom), large[0] // 2), round(4.5 * zoom), 255, -1)
        colour, opacity = _over(colour, opacity, _averaged(dot), swatch)
    return TextLabel(colour, 1 - opacity)


def place(
    label: TextLabel,
    extent: LabelArea,
    width: int,
    height: int,
    *,
    pole: Pole | None = None,
    avoid: Iterable[LabelArea] = (),
) -> tuple[int, int]:
    """Return column and row for a label: at its object, on the image, on nothing in `avoid`.

    On the object, at its pole, where the label leaves most of it visible; else above it, below
    it, right or left of it, or at its top; if nothing is free, above it all the same.
    """
    gap = 5
    centre = (extent.x0 + extent.x1 - label.width) / 2
    beside = (extent.y0 + extent.y1 - label.height) / 2
    candidates = (
        *_on_object(label, extent, pole),
        (centre, extent.y0 - label.height - gap),
        (centre, extent.y1 + gap),
        (extent.x1 + gap, beside),
        (extent.x0 - label.width - gap, beside),
        (centre, extent.y0 + gap),
        (centre, extent.y1 - label.height - gap),
    )
    fitted = [_inside(x, y, label, width, height) for x, y in candidates]
    obstacles = tuple(avoid)
    for (x, y), corner in zip(candidates, fitted, strict=True):
        covered = LabelArea(*corner, corner[0] + label.width, corner[1] + label.height)
        # Moved sideways a label still belongs to its object; moved towards it, it hides it.
        near = abs(corner[1] - y) <= gap and abs(corner[0] - x) <= label.width / 2
        if near and not any(covered.overlaps(other) for other in obstacles):
            return corner
    return _inside(*candidates[-6], label, width, height)


def pole_of(inside: npt.NDArray[np.bool_]) -> Pole | None:
    """Return the pole of inaccessibility of the largest part of a mask; None for an empty one.

    Args:
        inside: rows × columns.

    """
    # Where a label stands need not be exact: large masks are looked at in steps.
    step = max(1, math.ceil(max(inside.shape, default=0) / _POLE_SIDE))
    coarse = np.pad(inside[::step, ::step], 1).astype(np.uint8)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(coarse)
    if count < 2:
        return None
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    depth = cv2.distanceTransform((parts == largest).astype(np.uint8), cv2.DIST_L2, 5)
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    x, y = float(column - 1) * step, float(row - 1) * step
    return Pole(x, y, float(depth[row, column]) * step)


def _on_object(
    label: TextLabel, extent: LabelArea, pole: Pole | None
) -> Iterable[tuple[float, float]]:
    """Return corners about the pole, the nearest first; none if the label would hide the object."""
    area = (extent.x1 - extent.x0) * (extent.y1 - extent.y0)
    if pole is None or area < _LEAST_AREAS * label.width * label.height:
        return []
    x, y = pole.x - label.width / 2, pole.y - label.height / 2
    rows = (0.0, label.height, -label.height)
    return [(x, y + row) for row in rows if abs(row) + label.height / 2 <= pole.depth]


def blend(image: Pixels, label: TextLabel, corner: tuple[int, int]) -> None:
    """Draw a label on an image, in place; what lies beyond its border is cut."""
    x, y = corner
    view = image[y : y + label.height, x : x + label.width]
    rows, columns = view.shape[:2]
    mixed = view * label.transparency[:rows, :columns] + label.colour[:rows, :columns]
    view[...] = (mixed + 0.5).astype(np.uint8)


def _inside(x: float, y: float, label: TextLabel, width: int, height: int) -> tuple[int, int]:
    rightmost, lowest = max(width - label.width, 0), max(height - label.height, 0)
    return round(min(max(x, 0), rightmost)), round(min(max(y, 0), lowest))


def _round_corners(size: tuple[int, int], radius: int) -> Pixels:
    height, width = size
    plate = np.zeros(size, np.uint8)
    plate[radius : height - radius] = 255
    plate[:, radius : width - radius] = 255
    for x in (radius, width - radius - 1):
        for y in (radius, height - radius - 1):
            cv2.circle(plate, (x, y), radius, 255, -1)
    return plate


def _averaged(plane: Pixels) -> Plane:
    """Shrink to rows × columns × 1 of 0 to 1."""
    size = (plane.shape[1] // SUPERSAMPLING, plane.shape[0] // SUPERSAMPLING)
    small = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small[..., None] / 255, np.float32)


def _over(
    colour: Plane, opacity: Plane, share: Plane, ink: tuple[int, int, int]
) -> tuple[Plane, Plane]:
    return (
        colour * (1 - share) + share * np.array(ink, np.float32),
        opacity * (1 - share) + share,
    )
