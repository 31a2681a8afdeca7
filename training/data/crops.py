"""Which square of the photo the network sees: the prompt, in training.

Pixels are integers here: a `Window` holds the pixels x0 <= x < x0 + width. Resampling is
pixel-centre aligned (`cv2.resize`), so the centre of a window is the centre of its crop.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from picosam_ros.evaluation import protocols
from picosam_ros.resample import PADDING
from picosam_ros.roi import Roi

# Side of the published network's input, and of its squares in photo pixels.
SIZE = 96
# Prompt (x, y) of the evaluation: the box centre, or the mask pixel nearest to it.
protocol_point = protocols.click


@dataclass(frozen=True)
class Window:
    """Rectangle of whole pixels; it may lie partly outside the photo."""

    x0: int
    y0: int
    width: int
    height: int


def centred(point: tuple[int, int], side: int) -> Window:
    """Square with the pixel `point` (x, y) at its centre."""
    return Window(point[0] - side // 2, point[1] - side // 2, side, side)


def shifted_inside(window: Window, shape: tuple[int, int]) -> Window:
    """Move (and, if too large, shrink) the square into a photo of (height, width) `shape`.

    So does the sensor: its region of interest cannot leave the picture.
    """
    height, width = shape
    side = min(window.width, height, width)
    x0 = window.x0 + (window.width - side) // 2
    y0 = window.y0 + (window.height - side) // 2
    return Window(min(max(x0, 0), width - side), min(max(y0, 0), height - side), side, side)


def cut_at_border(window: Window, shape: tuple[int, int]) -> Window:
    """Cut the window as the `crop96` protocol does; the crop is stretched back afterwards."""
    roi = Roi(window.x0, window.y0, window.width, window.height)
    cut = protocols.cut_at_border(roi, shape[1], shape[0])
    return Window(int(cut.x), int(cut.y), int(cut.width), int(cut.height))


def bounds(mask: np.ndarray) -> Window:
    """Smallest window that holds the object; the mask must not be empty."""
    box = protocols.tight_box(mask)
    x0, y0, x1, y1 = int(box.x0), int(box.y0), int(box.x1), int(box.y1)
    return Window(x0, y0, x1 - x0 + 1, y1 - y0 + 1)


def take(picture: np.ndarray, window: Window, fill: int | tuple[int, ...]) -> np.ndarray:
    """Pixels of the window; what lies outside the picture is filled."""
    height, width = picture.shape[:2]
    x1, y1 = window.x0 + window.width, window.y0 + window.height
    part = picture[max(window.y0, 0) : max(y1, 0), max(window.x0, 0) : max(x1, 0)]
    top, left = max(-window.y0, 0), max(-window.x0, 0)
    bottom, right = max(y1 - height, 0), max(x1 - width, 0)
    if not (top or left or bottom or right):
        return part
    filled = np.empty((window.height, window.width, *picture.shape[2:]), picture.dtype)
    filled[:] = fill
    filled[top : window.height - bottom, left : window.width - right] = part
    return filled


def crop(
    pixels: np.ndarray, mask: np.ndarray, window: Window, size: int = SIZE
) -> tuple[np.ndarray, np.ndarray]:
    """Resample the window of a photo and of a mask to the network's size.

    Args:
        pixels: RGB uint8 [height, width, 3].
        mask: uint8 [height, width], 1 on the object.
        window: it may reach over the border.
        size: S, of the network's input.

    Returns:
        RGB uint8 [S, S, 3] and uint8 [S, S], 0 or 1.

    """
    image = resize(take(pixels, window, PADDING), size)
    part = take(mask, window, 0)
    return image, (resize(part * np.uint8(255), size) > 127).astype(np.uint8)


def resize(picture: np.ndarray, size: int) -> np.ndarray:
    """To a square of side `size`: area average when shrinking, bilinear when growing."""
    if picture.shape[:2] == (size, size):
        return picture
    shrinks = max(picture.shape[:2]) > size
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(picture, (size, size), interpolation=method)
