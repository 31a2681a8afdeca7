"""Which images of a recording are worth an example: those that show something new."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.frame import Pixels

# Columns and rows of what is compared: the noise of single pixels is gone.
SIZE = (64, 48)

_BLUR = (3, 3)


class Change:
    """Tells of one image after the other whether it differs from the last one that was chosen.

    Args:
        least: mean difference, in grey levels of 256; 0 chooses all. In VGA the noise of a sensor
            stays below 0.7, and a camera that turns by a hundredth of the image is above 2.

    """

    def __init__(self, least: float) -> None:
        self._least = least
        self._chosen: npt.NDArray[np.float32] | None = None

    def differs(self, pixels: Pixels) -> bool:
        """Whether an image (H×W×3 uint8, R, G, B) is worth an example; then it is the chosen one.

        The first one is.
        """
        small = _reduced(pixels)
        if self._chosen is not None and float(np.abs(small - self._chosen).mean()) < self._least:
            return False
        self._chosen = small
        return True


def _reduced(pixels: Pixels) -> npt.NDArray[np.float32]:
    small = cv2.resize(pixels, SIZE, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(grey, _BLUR, 0), np.float32)
