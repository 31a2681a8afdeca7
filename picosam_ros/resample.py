"""Pixels of an image to a network's input, and a network's output back to the image.

Both keep the grid that `Roi.affine_to` describes.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.frame import Pixels
from picosam_ros.roi import Roi

Indices = npt.NDArray[np.intp]
Weights = npt.NDArray[np.float32]

# The mean colour of ImageNet: after the network's normalisation it is zero, which is what the
# network's own convolutions see beyond their borders.
PADDING = (124, 116, 104)


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
