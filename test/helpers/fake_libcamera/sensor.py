"""The sensor and its driver: a thread that exposes one frame after another."""

import ctypes
import errno
import os
import threading
import time
from collections import deque

import numpy as np
from helpers.fake_libcamera.buffers import FrameMetadata, Request
from helpers.fake_libcamera.configuration import MODES
from helpers.fake_libcamera.geometry import Rectangle
from helpers.fake_libcamera.values import CONTROL_IDS, FULL

# Frames at the beginning of a stream that libcamera marks: exposure control settles.
STARTUP_FRAMES = 2

# The driver takes no wider ROI, and does not say so.
WIDEST_ROI = 4032

DNN_US, DSP_US = 14_300, 400
EXPOSURE_US = 10_000

# For each format, the channels of an RGB image in the order of memory; 3 is a byte of 255.
ORDER = {
    'BGR888': (0, 1, 2),
    'RGB888': (2, 1, 0),
    'XBGR8888': (0, 1, 2, 3),
    'XRGB8888': (2, 1, 0, 3),
}


class TensorInfo(ctypes.LittleEndianStructure):
    _fields_ = [
        ('elements', ctypes.c_uint32),
        ('dimensions', ctypes.c_uint32),
        ('size', ctypes.c_uint16 * 16),
    ]


class OutputTensorInfo(ctypes.LittleEndianStructure):
    """What control_ids_rpi.yaml says of CnnOutputTensorInfo."""

    _fields_ = [
        ('network_name', ctypes.c_char * 64),
        ('tensors', ctypes.c_uint32),
        ('info', TensorInfo * 16),
        ('frame_count', ctypes.c_uint8),
    ]


class Sensor:
    """One IMX500: what it sees, what its driver was told, and how it fails.

    Args:
        scene: a function from the frame's number to an H×W×3 uint8 RGB image, stretched over the
            whole sensor.
        network: a function from h×w×3 uint8 RGB to h×w float32 logits.
        input_size: width and height of the network's input in pixels.
        speed: divides every duration.
        stop_after: frames after which a stream falls silent; None for never.

    Attributes:
        start_errors: errno of the next starts, which fail with them.
        refuses: the driver refuses every ROI.
        network_file: the bytes that the driver was given; without any, frames have no tensor.
        loses_network: it ran without power, and the network is gone: no tensors either.
        rois: all that the driver took: x, y, width, height in pixels of the whole sensor.

    """

    id = '/base/axi/pcie@1000120000/rp1/i2c@88000/imx500@1a'

    def __init__(self, scene, network, *, input_size=(96, 96), speed=1.0, stop_after=None):
        self.scene, self.network, self.input_size = scene, network, input_size
        self.speed, self.stop_after = speed, stop_after
        self.start_errors = []
        self.refuses = False
        self.network_file = b''
        self.loses_network = False
        self.rois = []
        self.acquired = self.running = False
        self.mode = MODES[0]
        self._frame_us = (self.mode[2], self.mode[2])
        self._crop = FULL
        self._requests = deque()
        self._lock = threading.Lock()
        self._ended = threading.Event()

    @property
    def roi(self):
        """The ROI with which the next frame is computed."""
        return Rectangle(*self.rois[-1]) if self.rois else FULL

    def write_roi(self, x, y, width, height):
        """Take an ROI, as the driver does."""
        if self.refuses:
            raise OSError(errno.EREMOTEIO, os.strerror(errno.EREMOTEIO))
        self.rois.append((x, y, min(width, WIDEST_ROI), height))

    def configure(self, mode, size):
        """Read out in a mode, for images of this size."""
        self.mode = mode
        self._frame_us = (mode[2], mode[2])
        binned = Rectangle(0, 0, *mode[:2])
        largest = binned.size.bounded_to_aspect_ratio(size).centered_to(binned.center)
        self._crop = largest.scaled_by(FULL.size, binned.size)

    def apply(self, controls):
        """Take what comes with a request or a start."""
        for control, value in controls.items():
            if control.name == 'FrameDurationLimits':
                self._frame_us = value
            elif control.name == 'ScalerCrop':
                self._crop = value

    def start(self, completed):
        """Stream into the requests that are queued, and hand each to `completed`."""
        if self.start_errors:
            raise OSError(self.start_errors.pop(0), 'the sensor does not answer')
        self.running = True
        self._ended.clear()
        self._thread = threading.Thread(
            target=self._stream, args=(completed,), name='fake_sensor', daemon=True
        )
        self._thread.start()

    def queue(self, request):
        with self._lock:
            self._requests.append(request)

    def stop(self):
        """End the stream and return the requests that it did not complete."""
        self._ended.set()
        self._thread.join()
        self.running = False
        with self._lock:
            waiting, self._requests = list(self._requests), deque()
        return waiting

    def _stream(self, completed):
        number = 0
        while True:
            duration_us = max(self.mode[2], self._frame_us[0]) / self.speed
            stamp_ns, roi = time.monotonic_ns(), self.roi
            if self._ended.wait(duration_us / 1e6):
                return
            silent = self.stop_after is not None and number >= self.stop_after + STARTUP_FRAMES
            request = None if silent else self._next()
            if request is not None:
                self._fill(request, number, stamp_ns, duration_us, roi)
                completed(request)
            # Without a request the frame is lost, and counts.
            number += 1

    def _next(self):
        with self._lock:
            return self._requests.popleft() if self._requests else None

    def _fill(self, request, number, stamp_ns, duration_us, roi):
        self.apply(request.controls)
        image = self.scene(number)
        for stream, buffer in request.buffers.items():
            if not stream.configuration.raw:
                buffer.write(in_memory(seen(image, self._crop, stream.configuration), stream))
        values = {
            'ExposureTime': int(EXPOSURE_US / self.speed),
            'AnalogueGain': 1.0,
            'FrameDuration': int(duration_us),
            'FrameWallClock': stamp_ns + time.time_ns() - time.monotonic_ns(),
            'ScalerCrop': self._crop,
            'SensorTimestamp': stamp_ns,
        }
        if self.network_file and not self.loses_network:
            values |= self._tensor(image, roi, number)
        status = FrameMetadata.Status
        startup = number < STARTUP_FRAMES
        metadata = {CONTROL_IDS[name]: value for name, value in values.items()}
        request.finish(
            Request.Status.Complete,
            status.Startup if startup else status.Success,
            metadata,
            number,
            stamp_ns,
        )

    def _tensor(self, image, roi, number):
        """Return a mask of 1×h×w as the IPA hands it on: the first dimension runs fastest."""
        logits = self.network(crop(image, roi, *self.input_size))
        info = OutputTensorInfo(network_name=b'fake', tensors=1, frame_count=number % 256)
        info.info[0].elements = logits.size
        info.info[0].dimensions = 3
        info.info[0].size[:3] = 1, *logits.shape
        return {
            'CnnOutputTensor': tuple(logits.ravel(order='F').tolist()),
            # An array of bytes is a tuple of integers in the binding.
            'CnnOutputTensorInfo': tuple(bytes(info)),
            'CnnKpiInfo': (DNN_US, DSP_US),
        }


def crop(image, part, width, height):
    """Return height×width×3 of the part of the sensor: the nearest pixel of the scene for each."""
    rows = part.y + (np.arange(height) + 0.5) * part.height / height
    columns = part.x + (np.arange(width) + 0.5) * part.width / width
    rows = (rows * image.shape[0] / FULL.height).astype(int)
    columns = (columns * image.shape[1] / FULL.width).astype(int)
    return image[rows[:, np.newaxis], columns]


def seen(image, part, configuration):
    return crop(image, part, *configuration.size.to_tuple())


def in_memory(rgb, stream):
    """Return the bytes of an image as a stream has them, with the padding of its rows."""
    configuration = stream.configuration
    order = ORDER[str(configuration.pixel_format)]
    opaque = np.full((*rgb.shape[:2], 4), 255, np.uint8)
    opaque[..., :3] = rgb
    rows = opaque[..., order].reshape(rgb.shape[0], -1)
    padded = np.zeros((rgb.shape[0], configuration.stride), np.uint8)
    padded[:, : rows.shape[1]] = rows
    return padded.tobytes()
