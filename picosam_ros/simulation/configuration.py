"""What is set before a camera starts (streams, mode and their crop), and while it runs."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from picosam_ros.frame import Pixels
from picosam_ros.simulation.geometry import FULL, FULL_SIZE, PixelRectangle, Size

Configuration = dict[str, Any]
Stream = dict[str, Any]

STREAM_KEYS = ('format', 'size', 'stride', 'preserve_ar')
SENSOR_KEYS = {'bit_depth', 'output_size'}

# libcamera's names list the order within a little-endian word: in memory it is the other way round.
# For each, the channel of an RGB image; 3 is a byte without meaning, 255.
FORMATS = {
    'RGB888': (2, 1, 0),
    'BGR888': (0, 1, 2),
    'XRGB8888': (2, 1, 0, 3),
    'XBGR8888': (0, 1, 2, 3),
}
RAW_FORMAT = 'SRGGB10_CSI2P'
BIT_DEPTH = 10

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
class Mode:
    """A way to read the sensor out: all of its pixels, or two by two as one."""

    size: Size
    frame_us: int


MODES = (Mode(Size(2028, 1520), 33_333), Mode(FULL_SIZE, 100_000))

# What a preview has where nothing else is asked for.
MAIN = {'format': 'XBGR8888', 'size': (640, 480), 'preserve_ar': True}
PREVIEW_CONTROLS = {'NoiseReductionMode': 3, 'FrameDurationLimits': (100, 83_333)}


def make_stream(default: Stream, wanted: Stream) -> Stream:
    """Return the stream that is wanted, of even width and height.

    Raises:
        ValueError: a key that streams do not have.

    """
    for key in wanted:
        if key not in STREAM_KEYS:
            raise ValueError(f'Bad key {key!r}: valid stream configuration keys are {STREAM_KEYS}')
    stream = default | wanted
    width, height = stream['size']
    return stream | {'size': (width - width % 2, height - height % 2)}


def preview(
    main: Stream | None = None,
    *,
    raw: Stream | None = None,
    buffer_count: int = 4,
    controls: dict[str, Any] | None = None,
    queue: bool = True,
    sensor: dict[str, Any] | None = None,
) -> Configuration:
    """Fill in a configuration for a camera.

    Args:
        main: 'format', 'size' (width, height) and 'preserve_ar'.
        raw: 'size', which chooses the mode unless `sensor` does.
        buffer_count: images that can be on their way and in use at a time.
        controls: by name.
        queue: keep the newest request for who asks next.
        sensor: 'output_size' and 'bit_depth'.

    Raises:
        ValueError: a key that streams do not have.

    """
    stream = make_stream(MAIN, main or {})
    return {
        'use_case': 'preview',
        'buffer_count': buffer_count,
        'queue': queue,
        'main': stream,
        'lores': None,
        'raw': {'size': stream['size']} | (raw or {}),
        'controls': PREVIEW_CONTROLS | (controls or {}),
        'sensor': sensor or {},
        'display': 'main',
        'encode': 'main',
    }


def choose_mode(wanted: tuple[int, int]) -> Mode:
    """Return the mode that libcamera finds nearest: too few pixels cost more than too many."""

    def cost(mode: Mode) -> float:
        missing = wanted[0] - mode.size.width, wanted[1] - mode.size.height
        return sum(2 * pixels if pixels > 0 else -pixels / 4 for pixels in missing)

    return min(MODES, key=cost)


def validated(configuration: Configuration) -> tuple[Configuration, Mode]:
    """Fill in what the camera decides, and return the mode that it takes.

    Raises:
        RuntimeError: a format that is not simulated, or a key that the sensor does not have.

    """
    main, sensor = dict(configuration['main']), configuration.get('sensor') or {}
    if set(sensor) - SENSOR_KEYS:
        raise RuntimeError(f'Unexpected keys {set(sensor) - SENSOR_KEYS} in sensor configuration')
    if main['format'] not in FORMATS:
        raise RuntimeError(
            f'Bad format {main["format"]} in stream main; simulated are {", ".join(FORMATS)}'
        )
    width, height = main['size']
    mode = choose_mode(sensor.get('output_size') or configuration['raw']['size'])
    size = mode.size.width, mode.size.height
    main['stride'] = width * len(FORMATS[main['format']])
    main['framesize'] = main['stride'] * height
    stride = -(-size[0] * BIT_DEPTH // 8 // 32) * 32
    raw = {'format': RAW_FORMAT, 'size': size, 'stride': stride, 'framesize': stride * size[1]}
    sensor = {'bit_depth': BIT_DEPTH, 'output_size': size}
    return configuration | {'main': main, 'raw': raw, 'sensor': sensor}, mode


def default_crop(main: Stream, mode: Mode) -> PixelRectangle:
    """Return the largest centred part of the sensor with the aspect ratio of the image."""
    if not main['preserve_ar']:
        return FULL
    size = mode.size.bounded_to_aspect_ratio(Size(*main['size']))
    return PixelRectangle.of(mode.size).centred(size).scaled_by(FULL_SIZE, mode.size)


def in_memory(rgb: Pixels, name: str) -> Pixels:
    """Return a copy of an H×W×3 RGB image as a stream of this format has it."""
    channels = FORMATS[name]
    ordered = np.full((*rgb.shape[:2], len(channels)), 255, np.uint8)
    for target, source in enumerate(channels[:3]):
        ordered[..., target] = rgb[..., source]
    return ordered


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
