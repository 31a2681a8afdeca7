"""Cameras by name."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from picosam_ros.cameras.base import Camera
from picosam_ros.errors import CameraError

__all__ = ['CAMERAS', 'Camera', 'make_camera']


class Entry(NamedTuple):
    """Where a camera is found, imported at use, and the options that not all cameras have."""

    module: str
    factory: str
    options: tuple[str, ...] = ()


SENSOR_OPTIONS = ('sensor_network', 'roi_settle_frames', 'simulate', 'faults')

CAMERAS = {
    'auto': Entry('auto', 'choose', SENSOR_OPTIONS),
    'imx500': Entry('picamera.imx500', 'Imx500Camera', SENSOR_OPTIONS),
    'photos': Entry('photos', 'PhotosCamera'),
    'picamera': Entry('picamera.camera', 'PicameraCamera'),
    'video': Entry('video', 'VideoCamera'),
    'v4l2': Entry('v4l2', 'V4l2Camera'),
}


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
        source: device, file or folder; empty takes the camera's default.
        rate: frames per second.
        frame_id: of the frames; an optical frame by REP-105.
        options: further ones; a camera gets those that it has.

    Raises:
        CameraError: the name is unknown, there is no camera to choose from, or one is to be
            simulated that cannot be.

    """
    if name not in CAMERAS:
        raise CameraError(f'camera {name!r} was given; allowed are {", ".join(CAMERAS)}')
    entry = CAMERAS[name]
    if options.get('simulate') and 'simulate' not in entry.options:
        able = ', '.join(known for known, e in CAMERAS.items() if 'simulate' in e.options)
        raise CameraError(f'camera {name!r} cannot be simulated; those that can are: {able}')
    factory: Callable[..., Camera] = getattr(
        import_module(f'picosam_ros.cameras.{entry.module}'), entry.factory
    )
    known = {option: options[option] for option in entry.options if option in options}
    return factory(source=source, rate=rate, frame_id=frame_id, **known)
