"""The small types of libcamera's Python binding: enumerations, formats, colour spaces, controls."""

from dataclasses import dataclass
from enum import Enum, IntEnum, auto
from types import SimpleNamespace
from typing import Any

from helpers.fake_libcamera.geometry import Rectangle


class StreamRole(Enum):
    Raw = auto()
    StillCapture = auto()
    VideoRecording = auto()
    Viewfinder = auto()


class Orientation(Enum):
    Rotate0 = 1
    Rotate0Mirror = 2
    Rotate180 = 3
    Rotate180Mirror = 4
    Rotate90Mirror = 5
    Rotate270 = 6
    Rotate270Mirror = 7
    Rotate90 = 8


class ControlType(Enum):
    Bool = auto()
    Byte = auto()
    Integer32 = auto()
    Integer64 = auto()
    Float = auto()
    Rectangle = auto()
    Size = auto()


class NoiseReductionModeEnum(IntEnum):
    Off = 0
    Fast = 1
    HighQuality = 2
    Minimal = 3
    ZSL = 4


class Transform:
    """picamera2 gives it a comparison; until then it compares by identity, as the binding's."""

    def __init__(self, other=None, *, hflip=0, vflip=0, transpose=0):
        source = other or SimpleNamespace(hflip=hflip, vflip=vflip, transpose=transpose)
        self.hflip, self.vflip = bool(source.hflip), bool(source.vflip)
        self.transpose = bool(source.transpose)

    def __str__(self):
        return f'hflip {self.hflip}, vflip {self.vflip}, transpose {self.transpose}'


class ColorSpace:
    class Primaries(Enum):
        Raw = auto()
        Smpte170m = auto()
        Rec709 = auto()

    class TransferFunction(Enum):
        Linear = auto()
        Srgb = auto()
        Rec709 = auto()

    class YcbcrEncoding(Enum):
        Null = auto()
        Rec601 = auto()
        Rec709 = auto()

    class Range(Enum):
        Full = auto()
        Limited = auto()

    def __init__(self, primaries, transfer=None, encoding=None, levels=None):
        if isinstance(primaries, ColorSpace):
            vars(self).update(vars(primaries))
            return
        self.primaries, self.transferFunction = primaries, transfer
        self.ycbcrEncoding, self.range = encoding, levels

    def __str__(self):
        return '/'.join(str(value) for value in vars(self).values())

    @classmethod
    def Raw(cls):  # noqa: N802
        linear = cls.TransferFunction.Linear
        return cls(cls.Primaries.Raw, linear, cls.YcbcrEncoding.Null, cls.Range.Full)

    @classmethod
    def Sycc(cls):  # noqa: N802
        srgb = cls.TransferFunction.Srgb
        return cls(cls.Primaries.Rec709, srgb, cls.YcbcrEncoding.Rec601, cls.Range.Full)

    @classmethod
    def Smpte170m(cls):  # noqa: N802
        rec709 = cls.TransferFunction.Rec709
        return cls(cls.Primaries.Smpte170m, rec709, cls.YcbcrEncoding.Rec601, cls.Range.Limited)

    @classmethod
    def Rec709(cls):  # noqa: N802
        rec709 = cls.TransferFunction.Rec709
        return cls(cls.Primaries.Rec709, rec709, cls.YcbcrEncoding.Rec709, cls.Range.Limited)


@dataclass(frozen=True)
class PixelFormat:
    name: str

    def __str__(self):
        return self.name


@dataclass(frozen=True, eq=False)
class ControlId:
    name: str
    type: ControlType


@dataclass(frozen=True)
class ControlInfo:
    min: Any
    max: Any
    default: Any


CONTROL_TYPES = {
    'AeEnable': ControlType.Bool,
    'AnalogueGain': ControlType.Float,
    'AnalogueGainMode': ControlType.Integer32,
    'CnnEnableInputTensor': ControlType.Bool,
    'CnnKpiInfo': ControlType.Integer32,
    'CnnOutputTensor': ControlType.Float,
    'CnnOutputTensorInfo': ControlType.Byte,
    'ExposureTime': ControlType.Integer32,
    'ExposureTimeMode': ControlType.Integer32,
    'FrameDuration': ControlType.Integer64,
    'FrameDurationLimits': ControlType.Integer64,
    'FrameWallClock': ControlType.Integer64,
    'NoiseReductionMode': ControlType.Integer32,
    'ScalerCrop': ControlType.Rectangle,
    'SensorTimestamp': ControlType.Integer64,
}
CONTROL_IDS = {name: ControlId(name, kind) for name, kind in CONTROL_TYPES.items()}

FULL = Rectangle(0, 0, 4056, 3040)


def control_infos(shortest_us):
    """Return what the camera can be told, by its id.

    Args:
        shortest_us: duration of a frame in the sensor's mode, in microseconds.

    """
    ranges = {
        'AeEnable': (False, True, True),
        'AnalogueGain': (1.0, 22.0, 1.0),
        'CnnEnableInputTensor': (False, True, False),
        'ExposureTime': (0, 1_000_000, 20_000),
        'FrameDurationLimits': (shortest_us, 1_000_000, shortest_us),
        'NoiseReductionMode': (0, 4, 0),
        'ScalerCrop': (Rectangle(0, 0, 64, 64), FULL, FULL),
    }
    return {CONTROL_IDS[name]: ControlInfo(*values) for name, values in ranges.items()}


PROPERTIES = {
    ControlId('ColorFilterArrangement', ControlType.Integer32): 0,
    ControlId('Location', ControlType.Integer32): 2,
    ControlId('Model', ControlType.Byte): 'imx500',
    ControlId('Rotation', ControlType.Integer32): 180,
}
