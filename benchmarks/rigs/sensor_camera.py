"""The camera node on a simulated IMX500 that looks at a still image and replays its tensors.

What the network would cost does not run on the host, so it does not run here either.
"""

from __future__ import annotations

import sys
from typing import Any

import cv2
import numpy as np

from benchmarks.rigs import scene
from picosam_ros.cameras.picamera import imx500
from picosam_ros.frame import Pixels
from picosam_ros.nodes.camera import main
from picosam_ros.simulation import Faults, Settings, Simulation

BACKGROUND, OBJECT = (60, 80, 100), (220, 180, 40)
# Where the object is, and how large an ROI suits it.
X, Y, ROI_SIZE = 320.0, 240.0, 240


def image() -> Pixels:
    """480×640×3: an object of the shape that the recorded tensor has, so that it is followed."""
    mask = cv2.resize(scene.blob(), (ROI_SIZE, ROI_SIZE))
    pixels = np.full((scene.HEIGHT, scene.WIDTH, 3), BACKGROUND, np.uint8)
    top, left = int(Y) - ROI_SIZE // 2, int(X) - ROI_SIZE // 2
    pixels[top : top + ROI_SIZE, left : left + ROI_SIZE][mask > 0] = OBJECT
    return pixels


def still(source: str, faults: str, speed: float) -> Any:
    """Takes the place of `imx500.simulated`."""
    del source
    parsed = Faults.parse(faults)
    return Simulation(Settings(scene=image(), replay=[scene.blob()], speed=speed, faults=parsed))


if __name__ == '__main__':
    imx500.simulated = still
    sys.exit(main())
