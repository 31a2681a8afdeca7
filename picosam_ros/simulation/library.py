"""One simulated sensor, and the classes that stand for picamera2's."""

from __future__ import annotations

from typing import Any

from picosam_ros.simulation import imx500, picamera2, properties
from picosam_ros.simulation.device import Device
from picosam_ros.simulation.intrinsics import NetworkIntrinsics
from picosam_ros.simulation.settings import Settings


class Simulation:
    """A sensor that is plugged in.

    Attributes:
        Picamera2, IMX500, NetworkIntrinsics: called as picamera2's classes of these names.
        clock: the sensor's.

    Args:
        settings: what it sees and how it fails.

    """

    def __init__(self, settings: Settings) -> None:
        simulation = self
        device = self._device = Device(settings)
        self._camera: picamera2.Picamera2 | None = None
        self.clock = device.clock
        self.NetworkIntrinsics = NetworkIntrinsics

        class Picamera2(picamera2.Picamera2):
            def __init__(self, camera_num: int = 0) -> None:
                super().__init__(device, camera_num)
                simulation._camera = self

            @staticmethod
            def global_camera_info() -> list[dict[str, Any]]:
                """All cameras that are plugged in."""
                return properties.camera_info(device)

        class IMX500(imx500.IMX500):
            def __init__(
                self, network_file: str, camera_id: str = '', tensor_injection: bool = False
            ) -> None:
                super().__init__(device, network_file, camera_id, tensor_injection)

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
        """Buffers that are neither with the camera nor on their way from it: not yet released.

        The newest request counts, which the camera itself keeps with `queue=True`.
        """
        return self._opened.held

    @property
    def _opened(self) -> picamera2.Picamera2:
        if self._camera is None:
            raise RuntimeError('no camera is open; call Picamera2() first')
        return self._camera

    @property
    def present(self) -> bool:
        """Whether it is plugged in now."""
        return self._device.present
