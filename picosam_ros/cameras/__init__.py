"""Cameras by name."""

from __future__ import annotations

from typing import Any

from picosam_ros.cameras.base import Camera
from picosam_ros.errors import CameraError
from picosam_ros.registry import Entry, Registry

__all__ = ['CAMERAS', 'Camera', 'make_camera']

_COMMON = ('source', 'rate', 'frame_id')
_SENSOR = (*_COMMON, 'sensor_network', 'roi_settle_frames', 'simulate', 'faults')
_HERE = 'picosam_ros.cameras'

CAMERAS: Registry[Camera] = Registry(
    'camera',
    CameraError,
    {
        'auto': Entry(f'{_HERE}.auto', 'choose', _SENSOR),
        'bag': Entry(f'{_HERE}.bag', 'BagCamera', _COMMON),
        'imx500': Entry(f'{_HERE}.process.camera', 'Imx500Process', _SENSOR),
        'photos': Entry(f'{_HERE}.photos', 'PhotosCamera', _COMMON),
        'picamera': Entry(f'{_HERE}.process.camera', 'PicameraProcess', _COMMON),
        'stream': Entry(f'{_HERE}.stream', 'StreamCamera', _COMMON),
        'video': Entry(f'{_HERE}.video', 'VideoCamera', _COMMON),
        'v4l2': Entry(f'{_HERE}.v4l2', 'V4l2Camera', _COMMON),
    },
)


def make_camera(
    name: str = 'auto',
    *,
    source: str = '',
    rate: float = 30.0,
    frame_id: str = 'camera_optical',
    **options: Any,
) -> Camera:
    """Make a camera without opening it.

    Args:
        name: one of CAMERAS.
        source: device, file, folder or address of a stream; empty takes the camera's default.
        rate: frames per second.
        frame_id: of the frames; an optical frame by REP-105.
        options: further ones that this camera has, see `CAMERAS.options_of`.

    Raises:
        CameraError: the name is unknown, the camera has no such option, there is no camera to
            choose from, or one is to be simulated that cannot be.

    """
    common = {'source': source, 'rate': rate, 'frame_id': frame_id}
    return CAMERAS.make(name, {**common, **options})
