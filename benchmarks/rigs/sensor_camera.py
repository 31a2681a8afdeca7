"""The camera node on a simulated IMX500 that looks at a still image and replays its tensors.

What the network would cost does not run on the host, so it does not run here either.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import cv2
import numpy as np

from benchmarks.rigs import scene
from picosam_ros.cameras.picamera.imx500 import Imx500Camera
from picosam_ros.cameras.process.camera import Imx500Process
from picosam_ros.frame import Pixels
from picosam_ros.nodes.camera import main

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


class StillSensor(Imx500Camera):
    """The camera in front of the image; it runs in a child of the node."""

    @staticmethod
    def simulation_settings(source: str, speed: float) -> dict[str, Any]:
        return {'scene': image(), 'replay': [scene.blob()]}


def run_node() -> int:
    """Run the node."""
    Imx500Process.kind = StillSensor
    return main()


if __name__ == '__main__':
    # By its full name, under which the child imports the camera.
    sys.exit(import_module('benchmarks.rigs.sensor_camera').run_node())
