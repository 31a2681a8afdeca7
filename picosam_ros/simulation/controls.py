"""What can be set while the camera runs."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

from picosam_ros.simulation.geometry import FULL, PixelRectangle

# Name to least, greatest and default.
CONTROLS: dict[str, tuple[Any, Any, Any]] = {
    'AeEnable': (False, True, True),
    'AnalogueGain': (1.0, 22.0, 1.0),
    'AwbEnable': (False, True, True),
    'Brightness': (-1.0, 1.0, 0.0),
    'CnnEnableInputTensor': (False, True, False),
    'Contrast': (0.0, 32.0, 1.0),
    'ExposureTime': (0, 1_000_000, 0),
    'FrameDurationLimits': (33_333, 1_000_000, 33_333),
    'NoiseReductionMode': (0, 4, 0),
    'Saturation': (0.0, 32.0, 1.0),
    'ScalerCrop': ((0, 0, 64, 64), FULL.to_tuple(), FULL.to_tuple()),
    'Sharpness': (0.0, 16.0, 1.0),
}


@dataclass(frozen=True)
class SensorControls:
    """Those controls that change what the simulated sensor does; the others only exist.

    Attributes:
        frame_us: least and greatest duration of a frame in microseconds.
        exposure_us: exposure time in microseconds; 0 leaves it to the sensor.
        gain: analogue gain; 0 leaves it to the sensor.
        crop: the part of the sensor that the image shows, in pixels of the full sensor.

    """

    crop: PixelRectangle
    frame_us: tuple[int, int] = (100, 83_333)
    exposure_us: int = 0
    gain: float = 0.0

    def updated(self, controls: dict[str, Any]) -> SensorControls:
        """Return a copy with new values for some."""
        changes: dict[str, Any] = {}
        if 'ScalerCrop' in controls:
            # A crop beyond the border is moved inside.
            changes['crop'] = PixelRectangle(*controls['ScalerCrop']).enclosed_in(FULL)
        if 'FrameDurationLimits' in controls:
            changes['frame_us'] = tuple(controls['FrameDurationLimits'])
        if 'ExposureTime' in controls:
            changes['exposure_us'] = controls['ExposureTime']
        if 'AnalogueGain' in controls:
            changes['gain'] = controls['AnalogueGain']
        return replace(self, **changes)


def check_controls(controls: dict[str, Any]) -> dict[str, Any]:
    """Turn FrameRate into FrameDurationLimits, and refuse what there is not.

    Raises:
        RuntimeError: a control that the camera does not have.

    """
    checked = dict(controls)
    if 'FrameRate' in checked:
        rate = checked.pop('FrameRate')
        slow, fast = rate if isinstance(rate, (tuple, list)) else (rate, rate)
        checked['FrameDurationLimits'] = (int(1e6 / fast), int(1e6 / slow))
    for name in checked:
        if name not in CONTROLS:
            raise RuntimeError(f'Control {name} is not advertised by libcamera')
    return checked


class PendingControls:
    """Controls that wait for the next buffer that goes to the camera.

    Raises:
        RuntimeError: the camera has no such control.

    """

    def __init__(self, controls: dict[str, Any] | None = None) -> None:
        self._lock = threading.Lock()
        self._waiting = check_controls(controls or {})

    def set_controls(self, controls: dict[str, Any]) -> None:
        """Add some; the newest value of each counts."""
        checked = check_controls(controls)
        with self._lock:
            self._waiting |= checked

    def take(self) -> dict[str, Any]:
        """Return them for a buffer, and forget them."""
        with self._lock:
            controls, self._waiting = self._waiting, {}
            return controls
