"""A simulated IMX500: the calls of picamera2, answered without a Raspberry Pi.

`Simulation(settings)` is one such sensor. Its attributes `Picamera2` and `IMX500` stand for the
classes of the modules `picamera2` and `picamera2.devices.imx500`, and have what cameras/picamera
uses of them::

    library = Simulation(Settings(image, faults=Faults.parse('missing=0.3,roi_lag=2')))
    sensor = library.IMX500('picosam2-96')
    camera = library.Picamera2(sensor.camera_num)

They follow the public sources of picamera2 0.3.36 and of Raspberry Pi's libcamera;
`test/simulation/test_against_picamera2.py` compares them.
"""

from __future__ import annotations

from typing import Any

from picosam_ros.simulation import imx500, picamera2
from picosam_ros.simulation.chip import Chip
from picosam_ros.simulation.clock import SteadyClock, SteppedClock
from picosam_ros.simulation.device import Device
from picosam_ros.simulation.settings import Faults, Settings
from picosam_ros.simulation.stream import Truth

__all__ = ['Chip', 'Faults', 'Settings', 'Simulation', 'SteadyClock', 'SteppedClock', 'Truth']


class Simulation:
    """A sensor that is connected.

    Attributes:
        Picamera2, IMX500: called as picamera2's classes of these names.
        clock: the sensor's.

    Args:
        settings: what it sees and how it fails.

    """

    def __init__(self, settings: Settings) -> None:
        simulation = self
        device = self._device = Device(settings)
        self._camera: picamera2.Picamera2 | None = None
        self.clock = device.clock

        class Picamera2(picamera2.Picamera2):
            def __init__(self, camera_num: int = 0) -> None:
                super().__init__(device, camera_num)
                simulation._camera = self

            @staticmethod
            def global_camera_info() -> list[dict[str, Any]]:
                """Return the cameras that are connected."""
                return device.listed()

        class IMX500(imx500.IMX500):
            def __init__(self, network_file: str, camera_id: str = '') -> None:
                super().__init__(device, network_file, camera_id)

        self.Picamera2 = Picamera2
        self.IMX500 = IMX500

    def step(self, frames: int = 1, timeout: float = 60.0) -> None:
        """Wait until so many more requests are complete, for drivers that use `pre_callback`.

        With a SteppedClock this makes the time pass, and calls the callback in this thread.

        Args:
            frames: requests to wait for.
            timeout: in seconds of the sensor's clock.

        Raises:
            concurrent.futures.TimeoutError: they do not come.
            RuntimeError: no camera was opened.

        """
        self._opened.step(frames, timeout)

    @property
    def held(self) -> int:
        """Number of buffers that were not yet released.

        The newest request counts, which the camera itself keeps with `queue=True`.
        """
        return self._opened.held

    @property
    def _opened(self) -> picamera2.Picamera2:
        if self._camera is None:
            raise RuntimeError('no camera is open; call Picamera2() first')
        return self._camera
