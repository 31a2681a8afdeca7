"""Which images of a recording are worth an example: those that show something new."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.frame import Pixels
from picosam_ros.labelling.doubts import overlap
from picosam_ros.labelling.labelled import LabelledImage

# Columns and rows of what is compared: the noise of single pixels is gone.
SIZE = (64, 48)

_BLUR = (3, 3)
# IoU with the object's mask in the last chosen image, below which it has moved.
MOVED = 0.7


class Change:
    """Tells of one image after the other whether it differs from the last one that was chosen.

    It does where the image has changed as a whole, or an object has moved, appeared or gone: a
    small object before a camera at rest changes hardly any pixel.

    Args:
        least: mean difference of the pixels, in grey levels of 256; 0 chooses all. In VGA the noise
            of a sensor stays below 0.7, and a camera that turns by a hundredth of the image is
            above 2.

    """

    def __init__(self, least: float) -> None:
        self._least = least
        self._pixels: npt.NDArray[np.float32] | None = None
        self._labels: LabelledImage | None = None

    def differs(self, pixels: Pixels, labels: LabelledImage) -> bool:
        """Whether an image (H×W×3 uint8, R, G, B) is worth an example; then it is the chosen one.

        The first one is.
        """
        small = _reduced(pixels)
        if self._pixels is not None and self._labels is not None:
            changed = float(np.abs(small - self._pixels).mean()) >= self._least
            if not changed and not _moved(self._labels, labels):
                return False
        self._pixels, self._labels = small, labels
        return True


def _moved(before: LabelledImage, now: LabelledImage) -> bool:
    size = now.width, now.height
    if (before.width, before.height) != size:
        return True
    last = {label.object_id: label for label in before.seen}
    if last.keys() != {label.object_id for label in now.seen}:
        return True
    return any(
        overlap(last[label.object_id].to_image(*size), label.to_image(*size)) < MOVED
        for label in now.seen
    )


def _reduced(pixels: Pixels) -> npt.NDArray[np.float32]:
    small = cv2.resize(pixels, SIZE, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(grey, _BLUR, 0), np.float32)
