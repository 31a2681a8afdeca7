"""Pixels of an image to a network's input, and a network's output back to the image.

Both keep the grid that `Roi.affine_to` describes.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.frame import REDUCTION, Frame, Pixels
from picosam_ros.roi import Affine, Roi

Indices = npt.NDArray[np.intp]
Weights = npt.NDArray[np.float32]

# The mean colour of ImageNet: after the network's normalisation it is zero, which is what the
# network's own convolutions see beyond their borders.
PADDING = (124, 116, 104)

# Along each axis, for a pixel of the network's input: in images of many megapixels more cost time,
# and change nothing that can be seen.
MAX_SAMPLES = 4


# Image rows to a network's row from which on `paste_inside` goes by the network's rows.
TALL = 8


def crop_frame(frame: Frame, roi: Roi, out: Pixels) -> None:
    """Do what `crop` does; from reduced pixels where MAX_SAMPLES would leave out as many."""
    if min(roi.width / out.shape[1], roi.height / out.shape[0]) < 2 * REDUCTION:
        crop(frame.pixels, roi, out)
        return
    small = frame.reduced
    image = Roi(0, 0, frame.width, frame.height)
    crop(small, roi.through(image.affine_to(small.shape[1], small.shape[0])), out)


def crop(pixels: Pixels, roi: Roi, out: Pixels) -> None:
    """Resample the ROI of an image into `out`; what lies beyond the border is PADDING.

    Linear; where the ROI shrinks, the mean of several samples a pixel, as in training. So the time
    depends on the size of `out`, and hardly on that of the image.

    Args:
        pixels: H×W×3 uint8; a view is fine.
        roi: in pixels of the image.
        out: h×w×3 uint8, written; contiguous.

    """
    height, width = out.shape[:2]
    across, down = _samples(roi.width / width), _samples(roi.height / height)
    size = across * width, down * height
    fine = out if across == down == 1 else np.empty((size[1], size[0], 3), np.uint8)
    if roi.whole and roi == roi.clipped(pixels.shape[1], pixels.shape[0]):
        # The same grid in half of the time.
        x, y = int(roi.x), int(roi.y)
        view = pixels[y : y + int(roi.height), x : x + int(roi.width)]
        cv2.resize(view, size, dst=fine, interpolation=cv2.INTER_LINEAR)
    else:
        view, x, y = _near(pixels, roi)
        cv2.warpAffine(
            view,
            roi.affine_to(*size).inverse().then(Affine(1, 1, -x, -y)).matrix,
            size,
            dst=fine,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=PADDING,
        )
    if fine is not out:
        cv2.resize(fine, (width, height), dst=out, interpolation=cv2.INTER_AREA)


def _near(pixels: Pixels, roi: Roi) -> tuple[Pixels, int, int]:
    """Return the part of an image that is seen in a ROI, with its first column and row.

    OpenCV takes no image of more than 32767 columns or rows.
    """
    height, width = pixels.shape[:2]
    margin = 2  # for the interpolation
    x, y = (
        min(max(math.floor(v) - margin, 0), n - 1) for v, n in ((roi.x, width), (roi.y, height))
    )
    right = max(math.ceil(roi.x + roi.width) + margin, x + 1)
    bottom = max(math.ceil(roi.y + roi.height) + margin, y + 1)
    return pixels[y:bottom, x:right], x, y


def _samples(shrinks: float) -> int:
    """Return how many samples a pixel are taken along an axis that shrinks by this factor."""
    return min(max(math.ceil(shrinks / 2 + 0.5), 1), MAX_SAMPLES) if shrinks > 1 else 1


def paste(
    values: npt.NDArray[np.float32], roi: Roi, width: int, height: int
) -> tuple[int, int, npt.NDArray[np.float32]]:
    """Resample a network's h×w map onto the image pixels that its ROI covers.

    Returns:
        Column and row of the top-left pixel, and the rows × columns of the width × height image
        from there on (linear interpolation; nothing beyond the image's border).

    """
    roi = roi.snapped(1e-6)  # what a division left
    (x0, x1), (y0, y1) = covered(roi, width, height)
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


def paste_inside(
    values: npt.NDArray[np.float32], roi: Roi, width: int, height: int
) -> npt.NDArray[np.bool_]:
    """Return where the map that `paste` returns is above 0.

    Of an image of many megapixels that map would be large; only what is inside is computed.
    """
    rows = values.shape[0]
    if roi.height < TALL * rows:
        return paste(values, roi, width, height)[2] > 0
    (x0, x1), (y0, y1) = covered(roi, width, height)
    to_network = roi.affine_to(values.shape[1], rows)
    inside = np.zeros((y1 - y0, x1 - x0), np.bool_)
    columns, right = _between(to_network.scale_x, to_network.shift_x, x0, x1)
    before, down = _between(to_network.scale_y, to_network.shift_y, y0, y1)
    widened = _mixed(values, columns, right, axis=1)
    for row in np.unique(before):
        first, after = widened.take((row, row + 1), 0, mode='clip')
        (across,) = np.nonzero(np.maximum(first, after) > 0)
        if not across.size:
            continue
        seen = slice(across[0], across[-1] + 1)
        band = slice(*np.searchsorted(before, (row, row + 1)))
        # Is first + share · (after - first) above 0?
        steps = np.multiply.outer(down[band], (after - first)[seen])
        np.greater(steps, -first[seen], out=inside[band, seen])
    return inside


def covered(roi: Roi, width: int, height: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the first and the end of the columns of an image that a ROI covers, then of rows."""
    return _centres(roi.x, roi.width, width), _centres(roi.y, roi.height, height)


def _centres(start: float, length: float, limit: int) -> tuple[int, int]:
    """The first of `limit` pixels whose centre such a stretch contains, and the one behind."""
    # Rounded: of an edge on a pixel's centre, what a division left must not decide.
    first = math.ceil(round(max(start, 0) - 0.5, 6))
    return first, max(math.ceil(round(min(start + length, limit) - 0.5, 6)), first)


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
