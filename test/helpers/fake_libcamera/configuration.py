"""What a camera can stream: its modes, its formats, and the memory that they need."""

from enum import Enum

from helpers.fake_libcamera.geometry import Size
from helpers.fake_libcamera.values import ColorSpace, Orientation, PixelFormat, StreamRole

RAW = PixelFormat('SRGGB10_CSI2P')
RAW_BITS = 10
BYTES = {'BGR888': 3, 'RGB888': 3, 'XBGR8888': 4, 'XRGB8888': 4}

# Rows begin at multiples of so many bytes.
ALIGNMENT = 32

# Width, height and the shortest duration of a frame in microseconds.
MODES = ((2028, 1520, 33_333), (4056, 3040, 100_000))


class Stream:
    def __init__(self):
        self.configuration = None


class StreamFormats:
    def __init__(self, sizes):
        self._sizes = sizes

    @property
    def pixel_formats(self):
        return list(self._sizes)

    def sizes(self, pixel_format):
        return self._sizes[pixel_format]


class StreamConfiguration:
    def __init__(self, role):
        self.raw = role is StreamRole.Raw
        self.stream = Stream()
        self.stream.configuration = self
        self.size = Size(*MODES[0][:2]) if self.raw else Size(640, 480)
        self.pixel_format = RAW if self.raw else PixelFormat('XBGR8888')
        self.stride = self.frame_size = 0
        self.buffer_count = 4
        self.color_space = ColorSpace.Raw() if self.raw else ColorSpace.Sycc()
        sizes = {RAW: [Size(*mode[:2]) for mode in MODES]}
        self.formats = StreamFormats(sizes if self.raw else {PixelFormat(n): [] for n in BYTES})

    def measure(self):
        """Fill in what a row and an image take, in bytes."""
        bits = RAW_BITS if self.raw else 8 * BYTES[str(self.pixel_format)]
        self.stride = -(-self.size.width * bits // (8 * ALIGNMENT)) * ALIGNMENT
        self.frame_size = self.stride * self.size.height


class SensorConfiguration:
    def __init__(self):
        self.bit_depth = 0
        self.output_size = Size(0, 0)


class CameraConfiguration:
    class Status(Enum):
        Valid = 0
        Adjusted = 1
        Invalid = 2

    def __init__(self, roles):
        self._streams = [StreamConfiguration(role) for role in roles]
        self.sensor_config = None
        self.orientation = Orientation.Rotate0

    def __iter__(self):
        return iter(self._streams)

    def __len__(self):
        return len(self._streams)

    def at(self, index):
        return self._streams[index]

    @property
    def mode(self):
        """The mode of the sensor: that which is asked for, or the one of the raw stream."""
        wanted = [stream.size.to_tuple() for stream in self if stream.raw]
        if self.sensor_config is not None:
            wanted.insert(0, self.sensor_config.output_size.to_tuple())
        return next((mode for mode in MODES if mode[:2] in wanted), MODES[0])

    def validate(self):
        asked = [(str(stream.pixel_format), stream.size.to_tuple()) for stream in self]
        for stream in self:
            if stream.raw:
                stream.size, stream.pixel_format = Size(*self.mode[:2]), RAW
            elif str(stream.pixel_format) not in BYTES:
                return self.Status.Invalid
            stream.measure()
        found = [(str(stream.pixel_format), stream.size.to_tuple()) for stream in self]
        return self.Status.Valid if found == asked else self.Status.Adjusted
