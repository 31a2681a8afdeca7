"""The camera that shows the source; without one the best that is connected.

An IMX500 comes before a Pi camera, and that before a USB camera.
"""

from __future__ import annotations

from typing import Any

from picosam_ros.cameras import CAMERAS
from picosam_ros.cameras.base import Camera
from picosam_ros.cameras.sources import camera_of
from picosam_ros.cameras.v4l2 import devices
from picosam_ros.errors import CameraError


def choose(*, sensor_network: str = '', simulate: bool = False, **options: Any) -> Camera:
    """Make the camera that shows `source` (see camera_of), or the best one, without opening it.

    Args:
        sensor_network: an IMX500 is used as one only with its network.
        simulate: take a simulated IMX500.
        options: of the cameras (see make_camera); `roi_settle_frames` and `faults` are the
            IMX500's.

    Raises:
        CameraError: there is none, with what was tried; or nothing of the source's name.

    """
    common = {name: options[name] for name in ('source', 'rate', 'frame_id')}
    imx500, picamera = CAMERAS.factory('imx500'), CAMERAS.factory('picamera')
    if simulate:
        return imx500(sensor_network=sensor_network, simulate=True, **options)
    if shown_by := camera_of(options['source']):
        return CAMERAS.factory(shown_by)(**common)
    try:
        models = picamera.models()  # type: ignore[attr-defined]
        none = 'Raspberry Pi cameras: libcamera lists none; check the cable, then reboot'
    except CameraError as error:
        models, none = [], str(error)
    if 'imx500' in models and sensor_network:
        return imx500(sensor_network=sensor_network, **options)
    if models:
        return picamera(**common)
    try:
        devices(options['source'])
    except CameraError as error:
        raise CameraError(f'no camera was found. {none}. USB cameras: {error}') from error
    return CAMERAS.factory('v4l2')(**common)
