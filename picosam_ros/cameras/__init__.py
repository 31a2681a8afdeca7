"""Cameras by name."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from picosam_ros.cameras.base import Camera
from picosam_ros.errors import CameraError

__all__ = ['CAMERAS', 'Camera', 'make_camera']

# Name to module and class, imported at use.
CAMERAS = {
    'auto': ('v4l2', 'V4l2Camera'),
    'photos': ('photos', 'PhotosCamera'),
    'video': ('video', 'VideoCamera'),
    'v4l2': ('v4l2', 'V4l2Camera'),
}


def make_camera(
    name: str = 'auto', *, source: str = '', rate: float = 30.0, frame_id: str = 'camera_optical'
) -> Camera:
    """Make a camera without opening it.

    Args:
        name: one of CAMERAS.
        source: device, file or folder; empty takes the camera's default.
        rate: frames per second.
        frame_id: of the frames; an optical frame by REP-105.

    Raises:
        CameraError: the name is unknown.

    """
    if name not in CAMERAS:
        raise CameraError(f'camera {name!r} was given; allowed are {", ".join(CAMERAS)}')
    module, class_name = CAMERAS[name]
    factory: Callable[..., Camera] = getattr(
        import_module(f'picosam_ros.cameras.{module}'), class_name
    )
    return factory(source=source, rate=rate, frame_id=frame_id)
