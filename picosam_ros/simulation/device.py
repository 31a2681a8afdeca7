"""The simulated sensor as a device: its ROI register, its network, its frames."""

from __future__ import annotations

import errno
import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

from picosam_ros.simulation.geometry import FULL, PixelRectangle
from picosam_ros.simulation.network import SensorNetwork
from picosam_ros.simulation.settings import Settings

ID = '/base/soc/i2c0mux/i2c@1/imx500@1a'

# Bytes of the sensor's own firmware (loader, main) and of the network, roughly.
UPLOADS = (120_000, 1_400_000, 3_550_000)


@dataclass(frozen=True)
class Exposure:
    """A frame that the sensor exposes: its number since the device was made, and its ROI."""

    frame: int
    roi: PixelRectangle


class Device:
    """Shared by every IMX500 and Picamera2 of one Simulation; safe to use from many threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = settings.clock
        self.network: SensorNetwork | None = None
        self.network_name = ''
        self._lock = threading.RLock()
        self._acquired = self._streaming = False
        self._roi = FULL
        self._coming: deque[tuple[int, PixelRectangle]] = deque()
        self._frame = self._writes = 0
        self._back_ns: float = 0
        self._upload_ns: int | None = None

    @property
    def present(self) -> bool:
        """Whether it is connected."""
        return self.clock.now_ns() >= self._back_ns

    def listed(self) -> list[dict[str, Any]]:
        """Return libcamera's list of the connected cameras: this one, or none."""
        entry = {'Model': 'imx500', 'Location': 2, 'Rotation': 180, 'Id': ID, 'Num': 0}
        return [entry] if self.present else []

    def acquire(self) -> None:
        """Take it for one Picamera2. Raises RuntimeError if another one has it."""
        with self._lock:
            if self._acquired:
                raise RuntimeError('Failed to acquire camera: it is in use')
            self._acquired = True

    def release(self) -> None:
        """Free it for the next Picamera2."""
        self._acquired = False

    def write_roi(self, roi: PixelRectangle) -> None:
        """Write the ROI; a rectangle of size 0 means all of the sensor.

        Raises:
            OSError: the driver refuses.

        """
        with self._lock:
            self._check_write()
            window = roi if roi.width and roi.height else FULL
            lag = self.settings.faults.roi_lag if self._streaming else 0
            self._coming.append((self._frame + lag, window))

    def start(self) -> None:
        """Upload the network and stream; blocks meanwhile.

        Raises:
            RuntimeError: it is not connected.

        """
        if not self.present:
            raise RuntimeError('Failed to start camera: No such device')
        if self.network is not None:
            self.network.open()
            self._upload_ns = self.clock.now_ns()
            self.clock.sleep_until(self._upload_ns + self._upload_duration_ns)
        with self._lock:
            self._streaming = True

    def stop(self) -> None:
        """End the stream; an ROI that is on its way is there when the next one starts."""
        with self._lock:
            self._streaming = False
            self._coming = deque((0, roi) for _, roi in self._coming)

    def expose(self, at_ns: int) -> Exposure | None:
        """Expose the next frame; return None if the device vanishes now, or is gone."""
        faults = self.settings.faults
        with self._lock:
            frame, self._frame = self._frame, self._frame + 1
            if frame == faults.vanish_at:
                self._vanish(at_ns + faults.vanish_s * 1e9 / self.settings.speed)
                return None
            while self._coming and self._coming[0][0] <= frame:
                self._roi = self._coming.popleft()[1]
            return Exposure(frame, self._roi)

    def upload_progress(self) -> tuple[int, int, int]:
        """Return stage (0 loader, 1 main, 2 network), bytes and total of the newest upload."""
        if self._upload_ns is None:
            return 0, 0, 0
        passed_ns = self.clock.now_ns() - self._upload_ns
        done = sum(UPLOADS)
        if passed_ns < self._upload_duration_ns:
            done = done * passed_ns // self._upload_duration_ns
        for stage, size in enumerate(UPLOADS[:-1]):
            if done < size:
                return stage, done, size
            done -= size
        return len(UPLOADS) - 1, done, UPLOADS[-1]

    @property
    def _upload_duration_ns(self) -> int:
        return self.settings.duration_ns(1e3 * self.settings.faults.start_s)

    def _check_write(self) -> None:
        if not self.present:
            raise OSError(errno.ENXIO, 'No such device or address')
        faults = self.settings.faults
        refused = faults.strikes('refuse_roi', faults.refuse_roi, self._writes)
        self._writes += 1
        if refused:
            raise OSError(errno.EREMOTEIO, 'Remote I/O error')

    def _vanish(self, back_ns: float) -> None:
        """Lose the power, and with it all that was written to it."""
        self._back_ns = back_ns
        self._streaming = False
        self._roi = FULL
        self._coming.clear()
        self.network = None
        self._upload_ns = None
