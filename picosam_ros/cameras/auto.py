"""The camera that is there: an IMX500 before a Pi camera before a USB camera."""

from __future__ import annotations

from typing import Any

from picosam_ros.cameras.base import Camera
from picosam_ros.cameras.picamera.camera import PicameraCamera, import_picamera2
from picosam_ros.cameras.picamera.imx500 import Imx500Camera
from picosam_ros.cameras.v4l2 import V4l2Camera, devices
from picosam_ros.errors import CameraError

# How libcamera begins the name of a camera that is plugged into USB.
USB = '/usb'


def choose(
    *, sensor_network: str = '', simulate: bool = False, backend: Any = None, **options: Any
) -> Camera:
    """Make the best camera that is there, without opening it.

    Args:
        sensor_network: an IMX500 is used as one only with its network.
        simulate: take a simulated IMX500.
        backend: offers `Picamera2` and `IMX500`; None imports picamera2 if it is installed.
        options: of the cameras (see make_camera); `roi_settle_frames` and `faults` are the
            IMX500's.

    Raises:
        CameraError: there is none, with what was tried.

    """
    common = {name: options[name] for name in ('source', 'rate', 'frame_id')}
    if simulate:
        return Imx500Camera(sensor_network=sensor_network, simulate=True, **options)
    models, why_not = _listed(backend)
    if 'imx500' in models and sensor_network:
        return Imx500Camera(sensor_network=sensor_network, backend=backend, **options)
    if models:
        return PicameraCamera(backend=backend, **common)
    try:
        devices(options['source'])
    except CameraError as error:
        raise CameraError(f'no camera was found. {why_not}. USB cameras: {error}') from error
    return V4l2Camera(**common)


def _listed(backend: Any) -> tuple[list[str], str]:
    """Give the models of the Pi cameras that libcamera lists, or why there is none."""
    try:
        found = (backend or import_picamera2()).Picamera2.global_camera_info()
    except CameraError as error:
        return [], str(error)
    models = [camera['Model'] for camera in found if USB not in camera['Id']]
    return models, 'Raspberry Pi cameras: libcamera lists none; check the cable, then reboot'
