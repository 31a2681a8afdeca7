"""The ROI is the prompt: the part of the image that the network sees, and every mapping around it.

Four grids of pixels exist: sensor, image, ROI, network. Each is a rectangle of another one,
resampled; so one affine per pair is all there is, and `Roi.affine_to` makes it.

Coordinates have pixel centres at whole numbers in every grid. Resampling keeps the *edges* of
the outermost pixels in place (as cv2.resize does), hence the halves below.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.frame import Pixels
from picosam_ros.prompt import MIN_ROI_SIZE, Box, Prompt

Indices = npt.NDArray[np.intp]
Weights = npt.NDArray[np.float32]

# The mean colour of ImageNet: after the network's normalisation it is zero, which is what the
# network's own convolutions see beyond their borders.
PADDING = (124, 116, 104)

# PicoSAM3 (arXiv 2603.11917) gives a box 10 % of air on each side.
BOX_MARGIN = 0.10

# Side of the square for a single click, as a share of the image's short side, where nothing can
# search for a better one.
AUTO_SHARE = 0.4


@dataclass(frozen=True)
class Affine:
    """An axis-aligned affine map of pixel coordinates: x' = scale_x·x + shift_x, y' likewise."""

    scale_x: float
    scale_y: float
    shift_x: float
    shift_y: float

    def __call__(self, x: float, y: float) -> tuple[float, float]:
        """Map one point."""
        return self.scale_x * x + self.shift_x, self.scale_y * y + self.shift_y

    def inverse(self) -> Affine:
        """The way back."""
        return Affine(
            1 / self.scale_x,
            1 / self.scale_y,
            -self.shift_x / self.scale_x,
            -self.shift_y / self.scale_y,
        )

    def then(self, after: Affine) -> Affine:
        """This map, and `after` on its result."""
        return Affine(
            self.scale_x * after.scale_x,
            self.scale_y * after.scale_y,
            after.scale_x * self.shift_x + after.shift_x,
            after.scale_y * self.shift_y + after.shift_y,
        )

    @property
    def matrix(self) -> npt.NDArray[np.float64]:
        """2×3, as OpenCV takes it."""
        return np.array([[self.scale_x, 0, self.shift_x], [0, self.scale_y, self.shift_y]])


@dataclass(frozen=True)
class Roi:
    """A rectangle of a parent grid, in its pixels: columns x … x + width - 1, rows likewise.

    It may reach over the parent's border. The host's ROIs are whole numbers; one that came
    from the sensor's finer grid may have fractions.
    """

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def square(cls, x: float, y: float, side: int) -> Roi:
        """The square of whole pixels whose centre is nearest to (x, y).

        An even side cannot have a pixel at its centre; it lies half a pixel to the top left
        then, so that 96 pixels around column c start at c - 48.
        """
        corner = (side - 1) / 2
        return cls(_round_half_down(x - corner), _round_half_down(y - corner), side, side)

    @classmethod
    def choose(cls, prompt: Prompt, width: int, height: int, *, share: float = 0) -> Roi:
        """The square that shows the network what the prompt means.

        A box gets 10 % of air and is squared on its long side. A click is the centre of a
        square of `prompt.roi_size`, or of `share` of the short side of the width × height
        image, 0 for AUTO_SHARE; several clicks span a square at least as large as that.
        """
        if prompt.box is not None:
            return cls.around(prompt.box, prompt.roi_size)
        side = prompt.roi_size or round((share or AUTO_SHARE) * min(width, height))
        return cls._over(prompt, side)

    @classmethod
    def around(cls, box: Box, side: int = 0) -> Roi:
        """The square over a box, of this side or else with 10 % of air around the long one."""
        side = side or math.ceil(box.long_side * (1 + 2 * BOX_MARGIN))
        return cls.square(*box.centre, max(side, MIN_ROI_SIZE))

    @classmethod
    def candidates(
        cls, prompt: Prompt, width: int, height: int, shares: Sequence[float], *, least: int = 0
    ) -> tuple[Roi, ...]:
        """Squares over the clicks: sides are shares of the image's short side, `least` or more."""
        sides = (max(round(share * min(width, height)), least) for share in shares)
        # In the order of the shares, each once: small images and wide spans make some equal.
        return tuple(dict.fromkeys(cls._over(prompt, side) for side in sides))

    @classmethod
    def _over(cls, prompt: Prompt, side: int) -> Roi:
        """The square in the middle of the positive points that holds all of them."""
        xs = [point.x for point in prompt.positives]
        ys = [point.y for point in prompt.positives]
        centre = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
        return cls.square(*centre, max(side, span(prompt), MIN_ROI_SIZE))

    def affine_to(self, width: int, height: int) -> Affine:
        """Parent pixels to the pixels of this rectangle resampled to width × height.

        With the ROI in the image and the network's size: image to network. With the sensor's
        crop and the image's size: sensor to image.
        """
        scale_x, scale_y = width / self.width, height / self.height
        return Affine(
            scale_x,
            scale_y,
            (0.5 - self.x) * scale_x - 0.5,
            (0.5 - self.y) * scale_y - 0.5,
        )

    def through(self, affine: Affine) -> Roi:
        """The same rectangle in another grid, edge by edge."""
        x0, y0 = affine(self.x - 0.5, self.y - 0.5)
        x1, y1 = affine(self.x + self.width - 0.5, self.y + self.height - 0.5)
        return Roi(x0 + 0.5, y0 + 0.5, x1 - x0, y1 - y0)

    @property
    def whole(self) -> bool:
        """Whether it has no fractions of pixels."""
        return not (self.x % 1 or self.y % 1 or self.width % 1 or self.height % 1)

    def rounded(self) -> Roi:
        """The nearest rectangle of whole pixels, at least one pixel large."""
        x0, y0 = round(self.x), round(self.y)
        x1, y1 = round(self.x + self.width), round(self.y + self.height)
        return Roi(x0, y0, max(x1 - x0, 1), max(y1 - y0, 1))

    def snapped(self, within: float) -> Roi:
        """Whole pixels if that moves no edge by more than `within` pixels; else the same."""
        whole = self.rounded()
        left, top = whole.x - self.x, whole.y - self.y
        right, bottom = left + whole.width - self.width, top + whole.height - self.height
        return whole if max(map(abs, (left, top, right, bottom))) <= within else self

    def shifted_inside(self, width: int, height: int) -> Roi:
        """Move, and shrink if there is no other way, into a parent of this size.

        This is what a sensor must do: it has no pixels beyond its border, so there the prompt
        leaves the centre of the ROI.
        """
        w, h = min(self.width, width), min(self.height, height)
        x, y = min(max(self.x, 0), width - w), min(max(self.y, 0), height - h)
        return Roi(x, y, w, h)

    def clipped(self, width: int, height: int) -> Roi:
        """The part that a parent of this size has; zero-sized if they do not meet."""
        x0, y0 = max(self.x, 0), max(self.y, 0)
        x1, y1 = min(self.x + self.width, width), min(self.y + self.height, height)
        return Roi(x0, y0, max(x1 - x0, 0), max(y1 - y0, 0))


def span(prompt: Prompt) -> int:
    """Side of the square that the positive points need, with 10 % of air; 0 for one point."""
    xs = [point.x for point in prompt.positives]
    ys = [point.y for point in prompt.positives]
    return math.ceil(max(max(xs) - min(xs), max(ys) - min(ys)) * (1 + 2 * BOX_MARGIN))


def crop(pixels: Pixels, roi: Roi, out: Pixels) -> None:
    """Resample the ROI of an image into `out`; what lies beyond the border is PADDING.

    One copy if the ROI has the size of `out`, else one resample: averaging areas when it
    shrinks, linear when a side grows.

    Args:
        pixels: H×W×3 uint8; a view is fine.
        roi: whole pixels of the image.
        out: h×w×3 uint8, written; contiguous.

    """
    inside = roi.clipped(pixels.shape[1], pixels.shape[0])
    x, y, width, height = _whole(inside)
    view = pixels[y : y + height, x : x + width]
    if inside != roi:
        view = _padded(view, inside, roi)
    if view.shape == out.shape:
        out[...] = view
        return
    # Where one side grows, OpenCV's area mode leaves the grid that `affine_to` describes.
    shrinks = roi.width >= out.shape[1] and roi.height >= out.shape[0]
    cv2.resize(
        view,
        (out.shape[1], out.shape[0]),
        dst=out,
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
    )


def paste(
    values: npt.NDArray[np.float32], roi: Roi, width: int, height: int
) -> tuple[int, int, npt.NDArray[np.float32]]:
    """Resample a network's h×w map onto the image pixels that its ROI covers.

    Returns:
        Column and row of the top-left pixel, and the rows × columns of the width × height image
        from there on (linear interpolation; nothing beyond the image's border).

    """
    roi = roi.snapped(1e-6)  # what a division left
    (x0, x1), (y0, y1) = _centres(roi.x, roi.width, width), _centres(roi.y, roi.height, height)
    if x1 == x0 or y1 == y0:
        return x0, y0, np.empty((y1 - y0, x1 - x0), np.float32)
    if (x0, y0, x1 - x0, y1 - y0) == (roi.x, roi.y, roi.width, roi.height):
        # The same map at a seventh of the price.
        resized = cv2.resize(values, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)
        return x0, y0, np.asarray(resized, np.float32)
    to_network = roi.affine_to(values.shape[1], values.shape[0])
    # Exact, where cv2.warpAffine rounds coordinates to 1/32 of a pixel.
    columns, right = _between(to_network.scale_x, to_network.shift_x, x0, x1)
    rows, down = _between(to_network.scale_y, to_network.shift_y, y0, y1)
    # Columns first: that is the small half of the work, and rows lie in one piece.
    widened = _mixed(values, columns, right, axis=1)
    return x0, y0, _mixed(widened, rows, down[:, None], axis=0)


def _centres(start: float, length: float, limit: int) -> tuple[int, int]:
    """The first of `limit` pixels whose centre such a stretch contains, and the one behind."""
    first = math.ceil(max(start, 0) - 0.5)
    return first, max(math.ceil(min(start + length, limit) - 0.5), first)


def _between(scale: float, shift: float, first: int, end: int) -> tuple[Indices, Weights]:
    """For pixels `first` up to `end`: the network's pixel before, and the share of its next."""
    # Rounded, so that where pixel centres meet the value is the network's own.
    places = (scale * np.arange(first, end) + shift).round(9)
    before = np.floor(places)
    return before.astype(np.intp), (places - before).astype(np.float32)


def _mixed(values: Weights, before: Indices, share: Weights, axis: int) -> Weights:
    # Beyond the outermost pixel centres the values stay as they are.
    first = values.take(before, axis, mode='clip')
    mixed = values.take(before + 1, axis, mode='clip')
    mixed -= first
    mixed *= share
    mixed += first
    return mixed


def _padded(view: Pixels, inside: Roi, roi: Roi) -> Pixels:
    left, top = int(inside.x - roi.x), int(inside.y - roi.y)
    padded = np.empty((int(roi.height), int(roi.width), 3), np.uint8)
    padded[...] = PADDING
    padded[top : top + view.shape[0], left : left + view.shape[1]] = view
    return padded


def _whole(roi: Roi) -> tuple[int, int, int, int]:
    return int(roi.x), int(roi.y), int(roi.width), int(roi.height)


def _round_half_down(value: float) -> int:
    return math.ceil(value - 0.5)
