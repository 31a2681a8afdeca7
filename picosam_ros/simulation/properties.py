"""What the simulated camera tells about itself before it runs."""

from __future__ import annotations

from typing import Any

from picosam_ros.simulation.device import ID, Device
from picosam_ros.simulation.geometry import FULL

LISTED = {'Model': 'imx500', 'Location': 2, 'Rotation': 180}
CAMERA = LISTED | {
    'PixelArraySize': (FULL.width, FULL.height),
    'PixelArrayActiveAreas': [FULL.to_tuple()],
    'ScalerCropMaximum': FULL.to_tuple(),
    'UnitCellSize': (1550, 1550),
    'ColorFilterArrangement': 0,
}


def camera_info(device: Device) -> list[dict[str, Any]]:
    """All cameras that are plugged in: one, or none."""
    return [LISTED | {'Id': ID, 'Num': 0}] if device.present else []
