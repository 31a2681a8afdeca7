"""A simulated sensor for the tests of the cameras: it counts what is held, and time stands still.

The scene tells in its colours where a pixel lies and when it was shown, and the network hands those
colours on. So each answer tells by itself which part of which picture it was computed from.
"""

from types import SimpleNamespace

import numpy as np

from picosam_ros.cameras.picamera import captured_frame, imx500
from picosam_ros.cameras.picamera.imx500 import Imx500Camera
from picosam_ros.models import SENSOR_MODEL
from picosam_ros.roi import Roi
from picosam_ros.simulation import Faults, Settings, Simulation, SteppedClock

# A level of red or green is that many sensor pixels wide or high.
LEVEL = 16


def scene(number):
    """Red grows to the right, green downwards, blue with the number of the picture."""
    picture = np.empty((3040 // LEVEL, 4056 // LEVEL, 3), np.uint8)
    picture[..., 0] = np.arange(4056 // LEVEL)
    picture[..., 1] = np.arange(3040 // LEVEL)[:, np.newaxis]
    picture[..., 2] = number % 256
    return picture


def network(pixels):
    """Give the colours of two opposite corners, and everywhere else the number."""
    logits = np.full(pixels.shape[:2], pixels[0, 0, 2], np.float32)
    logits[0, :2] = pixels[0, 0, :2]
    logits[-1, -2:] = pixels[-1, -1, :2]
    return logits


def seen_by(inference):
    """Tell which part of the sensor the network saw, to within a level or two."""
    x0, y0 = LEVEL * inference.logits[0, :2]
    x1, y1 = LEVEL * inference.logits[-1, -2:]
    return Roi(x0, y0, x1 - x0, y1 - y0)


class Bench:
    """An Imx500Camera on a simulated sensor whose time passes by `step` only.

    Args:
        monkeypatch: gives the camera the sensor's clock.
        faults: of the sensor.
        size: of its pictures.
        settings, camera: further ones.

    """

    def __init__(self, monkeypatch, faults='', *, size=(640, 480), settings=None, **camera):
        self.clock = SteppedClock()
        fixed = {'scene': scene, 'network': network, 'input_size': (24, 24)}
        parsed = Faults.parse(faults + ',int8=false')
        self.simulation = Simulation(
            Settings(clock=self.clock, faults=parsed, **(fixed | (settings or {})))
        )
        self.requests = []
        self.cameras = []
        wall_ns = self.clock.wall_ns
        for module in (imx500, captured_frame):
            stepped = SimpleNamespace(
                monotonic_ns=self.clock.now_ns,
                time_ns=wall_ns,
                clock_gettime_ns=lambda _: self.clock.now_ns(),
                CLOCK_BOOTTIME=7,
            )
            monkeypatch.setattr(module, 'time', stepped)
        self.backend = SimpleNamespace(Picamera2=counting(self), IMX500=self.simulation.IMX500)
        self.camera = Imx500Camera(
            source='',
            **{'rate': 30} | camera,
            frame_id='eye',
            sensor_network=SENSOR_MODEL,
            size=size,
            backend=self.backend,
        )

    def step(self):
        """Let one frame complete, and read it."""
        self.cameras[-1].capture_request(wait=1.0).release()
        frame = self.camera.read(timeout=10)
        assert frame is not None
        return frame

    def open(self):
        self.camera.open()

    def held(self):
        """Count the requests that were not released."""
        return sum(request.ref_count > 0 for request in self.requests)


def counting(bench):
    """Derive a Picamera2 that remembers itself and all the requests that it showed."""

    class Counting(bench.simulation.Picamera2):
        def __init__(self, number=0):
            self._callback = None
            super().__init__(number)
            bench.cameras.append(self)

        @property
        def pre_callback(self):
            return self._callback and self._show

        @pre_callback.setter
        def pre_callback(self, callback):
            self._callback = callback

        def _show(self, request):
            bench.requests.append(request)
            self._callback(request)

    return Counting
