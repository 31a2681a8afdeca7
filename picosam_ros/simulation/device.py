"""The simulated sensor as a device: its ROI register, its network, its frames."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

from picosam_ros.simulation.chip import MAX_INT64, NO_NETWORK, fingerprint
from picosam_ros.simulation.geometry import FULL, PixelRectangle
from picosam_ros.simulation.network import SensorNetwork, make_network
from picosam_ros.simulation.settings import Settings

ID = '/base/soc/i2c0mux/i2c@1/imx500@1a'

# So libcamera's binding raises errors (std::system_error in src/py/libcamera/py_main.cpp): of the
# lock, and of a driver whose sensor does not answer on its bus (kbingham/libcamera#25).
ACQUIRE_FAILED = f'Failed to acquire camera: {os.strerror(errno.EBUSY)}'
START_FAILED = f'Failed to start camera: {os.strerror(errno.EIO)}'

# The driver declares its control of the ROI with that maximum, and the kernel cuts greater numbers
# down in silence (inf_window_ctrl in raspberrypi/linux, drivers/media/i2c/imx500.c).
ROI_MAX = 4032


@dataclass(frozen=True)
class Exposure:
    """A frame that the sensor exposes: its number since the chip was made, and its ROI."""

    frame: int
    roi: PixelRectangle


class Device:
    """Shared by every IMX500 and Picamera2 of one Simulation; safe to use from many threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = settings.clock
        self.network: SensorNetwork | None = None
        self.network_name = ''
        self._model = ''
        self._chip = settings.chip
        self._lock = threading.RLock()
        self._acquired = self._streaming = False
        self._roi = FULL
        self._coming: deque[tuple[int, PixelRectangle]] = deque()

    @staticmethod
    def listed() -> list[dict[str, Any]]:
        """Return libcamera's list of the cameras: this one, also while it fails."""
        return [{'Model': 'imx500', 'Location': 2, 'Rotation': 180, 'Id': ID, 'Num': 0}]

    def acquire(self) -> None:
        """Take it for one Picamera2.

        Raises:
            RuntimeError: another one has it, in this process or another.

        """
        with self._lock:
            if self._acquired:
                raise RuntimeError(ACQUIRE_FAILED)
            try:
                # As libcamera locks a camera (media_device.cpp): until this process ends.
                fcntl.lockf(self._chip.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise RuntimeError(ACQUIRE_FAILED) from error
            self._acquired = True

    def release(self) -> None:
        """Free it for the next Picamera2."""
        with self._lock:
            self._acquired = False
            fcntl.lockf(self._chip.fd, fcntl.LOCK_UN)

    def take_network(self, model: str, name: str) -> None:
        """Take what runs in the sensor.

        It is kept over closing and opening: a second copy beside the first would leave a hole of
        its size in the heap.

        Args:
            model: see Settings; the settings may have another network in its place.
            name: of the network in the sensor's output.

        Raises:
            ModelError: it cannot be used.

        """
        if self.network is None or model != self._model:
            self.network = make_network(self.settings, model)
            self._model = model
        self.network_name = name

    def write_roi(self, roi: PixelRectangle) -> None:
        """Write the ROI, cut down to ROI_MAX; one of size 0 means all of the sensor.

        Raises:
            OSError: the driver refuses.

        """
        with self._lock:
            self._check_write()
            window = FULL
            if roi.width and roi.height:
                window = PixelRectangle(*(min(number, ROI_MAX) for number in roi.to_tuple()))
            lag = self.settings.faults.roi_lag if self._streaming else 0
            self._coming.append((self._chip.frames + lag, window))

    def start(self) -> None:
        """Upload the network and stream; blocks meanwhile, and keeps the interpreter to itself.

        libcamera's binding does not release it (`start` in src/py/libcamera/py_main.cpp).

        Raises:
            RuntimeError: the sensor does not answer.

        """
        chip, faults = self._chip, self.settings.faults
        number, chip.starts = chip.starts, chip.starts + 1
        if number < faults.failing_starts or self.clock.now_ns() < chip.failing_until_ns:
            raise RuntimeError(START_FAILED)
        if self.network is not None:
            self.network.open()
            if number < faults.lost_starts:
                self.lose_network()
            else:
                self._upload()
        with self._lock:
            self._streaming = True

    def stop(self) -> None:
        """End the stream; an ROI that is on its way is there when the next one starts."""
        with self._lock:
            self._streaming = False
            self._coming = deque((0, roi) for _, roi in self._coming)

    def expose(self, at_ns: int) -> Exposure | None:
        """Expose the next frame; return None if the receiver times out with it."""
        chip, faults = self._chip, self.settings.faults
        with self._lock:
            frame, chip.frames = chip.frames, chip.frames + 1
            if frame == faults.timeout_at:
                timeout_ns = min(1e9 * faults.timeout_s / self.settings.speed, MAX_INT64)
                chip.failing_until_ns = at_ns + round(timeout_ns)
                return None
            while self._coming and self._coming[0][0] <= frame:
                self._roi = self._coming.popleft()[1]
            return Exposure(frame, self._roi)

    @property
    def infers(self) -> bool:
        """Whether the sensor has its network."""
        return self._chip.network != NO_NETWORK

    def lose_network(self) -> None:
        """Only images come from now on, until the next start."""
        self._chip.network = NO_NETWORK

    def upload_progress(self) -> tuple[int, int, int]:
        """Return stage, bytes and total as `Chip.upload_progress` does."""
        return self._chip.upload_progress(self.clock.now_ns())

    def _upload(self) -> None:
        chip, faults = self._chip, self.settings.faults
        network = fingerprint(self.network_name)
        seconds = faults.restart_s if chip.cached == network else faults.start_s
        begin_ns = self.clock.now_ns()
        chip.upload_end_ns = begin_ns + self.settings.duration_ns(1e3 * seconds)
        chip.upload_begin_ns = begin_ns
        self.clock.hold_until(chip.upload_end_ns)
        chip.cached = chip.network = network

    def _check_write(self) -> None:
        chip, faults = self._chip, self.settings.faults
        refused = faults.strikes('refuse_roi', faults.refuse_roi, chip.roi_writes)
        chip.roi_writes += 1
        if refused:
            raise OSError(errno.EREMOTEIO, 'Remote I/O error')
