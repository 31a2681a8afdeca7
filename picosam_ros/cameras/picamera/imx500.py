"""The Raspberry Pi AI Camera: its image sensor runs the network on an ROI that we place."""

from __future__ import annotations

import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from picosam_ros.cameras.picamera.camera import PicameraCamera
from picosam_ros.cameras.picamera.captured_frame import CapturedFrame
from picosam_ros.cameras.picamera.network_file import NO_NETWORK, check_network_file
from picosam_ros.cameras.picamera.stream import RETRY_S, Stream
from picosam_ros.cameras.picamera.tensors import Placement, RoiHistory, TensorReader
from picosam_ros.cameras.show import Show
from picosam_ros.errors import CameraError
from picosam_ros.frame import Frame, SensorOutput
from picosam_ros.models import SENSOR_MODEL
from picosam_ros.roi import Roi

if TYPE_CHECKING:
    from picosam_ros.simulation import Chip

SENSOR_WIDTH, SENSOR_HEIGHT = 4056, 3040

# The driver makes wider ROIs narrower, and tells nobody.
MAX_ROI_WIDTH = 4032

# Frames per second of the scene that a simulated sensor looks at.
SCENE_RATE = 30.0

NETWORK_STAGE = 2

# What picamera2 raises where the kernel does not report the progress.
NO_PROGRESS = (OSError, ValueError, LookupError, AssertionError, subprocess.SubprocessError)

# Frames without any tensor after which the chip has lost its network (raspberrypi/linux#7323).
# Where opening it anew did not help, the next time waits longer, by this factor, up to a limit:
# while the camera is closed there are no images either.
LOST_AFTER, LOST_FACTOR, LOST_AFTER_MOST = 60, 10, 6000


@dataclass
class SensorRecord:
    """What outlives a stream: the ROI to place in the next one, and what is counted over all.

    Attributes:
        placement: the newest ROI; None before the first.
        without: frames without an output, by kind of reason.
        refused, refusal: ROIs that the driver refused, and how the last one was.
        lost: how often the chip lost its network.
        patience: frames without any tensor after which the stream is opened anew.

    """

    placement: Placement | None = None
    without: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    refusal: str = ''
    lost: int = 0
    patience: int = LOST_AFTER

    def described(self) -> dict[str, str]:
        """Return what a diagnostics page shows of it."""
        described = {}
        if self.refused:
            described = {'refused ROIs': str(self.refused), 'last refused ROI': self.refusal}
        if self.lost:
            described['lost networks'] = str(self.lost)
        for kind, count in self.without.items():
            described[f'frames without a mask ({kind})'] = str(count)
        return described


class Imx500Camera(PicameraCamera):
    """A camera whose frames carry what the network in the sensor computed for them.

    A frame has a `sensor_output`, or the reason why not in `no_output`.

    Args:
        source: part of the sensor's name in the device tree, where there are two; simulated, what
            it sees. '' for the first, or the default.
        sensor_network: path of the network.rpk; simulated, a model's name or the path of an .onnx
            file.
        roi_settle_frames: how many frames after a change of the ROI may still show the old one.
        simulate: take a sensor that exists in software only: `backend`, or one that sees `source`.
        faults: of the simulated sensor, see picosam_ros.simulation.
        speed: of the simulated sensor's clock.
        chip: file descriptor of the simulated sensor's state, where another process made it.
        record: of the streams before.
        camera: see PicameraCamera.

    Attributes:
        record: see SensorRecord.
        chip: state of a simulated sensor, which outlives this process; None for a real one.

    """

    name = 'imx500'

    def __init__(
        self,
        *,
        sensor_network: str = '',
        roi_settle_frames: int = 3,
        simulate: bool = False,
        faults: str = '',
        speed: float = 1.0,
        chip: int | None = None,
        record: SensorRecord | None = None,
        **camera: Any,
    ) -> None:
        super().__init__(**camera)
        self.chip: Chip | None = None
        if simulate and self._given_backend is None:
            from picosam_ros.simulation import Chip, Faults

            if camera['source'] and not Path(camera['source']).exists():
                raise CameraError(
                    f'source {camera["source"]!r} was given, which does not exist; the simulated '
                    'sensor looks at a video file or a folder of images'
                )
            self.chip = Chip.create() if chip is None else Chip.attach(chip)
            self._simulation = Faults.parse(faults), speed
        self.record = record or SensorRecord()
        # Of the photos that a simulated sensor looks at.
        photos = simulate and not Path(camera['source']).is_file()
        self.show = Show() if photos else None
        self._network = sensor_network or (SENSOR_MODEL if simulate else '')
        self._simulated = simulate
        self._imx500: Any = None
        self._tensors: TensorReader | None = None
        self._history = RoiHistory(roi_settle_frames)
        self._placing = threading.Lock()
        # Until the first frame shows which part of the sensor the image covers.
        self._to_image = Roi(0, 0, SENSOR_WIDTH, SENSOR_HEIGHT).affine_to(*self._size)

    @staticmethod
    def simulation_settings(source: str, speed: float) -> dict[str, Any]:
        """Return what a simulated sensor sees: a video file, or a folder of images.

        An empty source takes the photos of the camera `photos`.

        Returns:
            Arguments of picosam_ros.simulation.Settings.

        """
        from picosam_ros.cameras import make_camera

        seen = 'video' if Path(source).is_file() else 'photos'
        # The scene passes as fast as the clock of the sensor.
        rate = SCENE_RATE * speed
        return {'scene': make_camera(seen, source=source, rate=rate, frame_id='')}

    @property
    def description(self) -> dict[str, str]:
        sensor = 'simulated' if self._simulated else 'IMX500'
        own = {'sensor': sensor, 'network': self._network}
        if self._simulated:
            own['images'] = 'simulated'
        return {**super().description, **own, **self.record.described()}

    @property
    def warning(self) -> str:  # type: ignore[override]
        """That the sensor runs without its network; empty if it does not."""
        silent = self._tensors.silent if self._tensors else 0
        if silent < LOST_AFTER:
            return ''
        left = self.record.patience - silent
        return (
            f'the sensor runs without its network: no tensor for {silent} frames; it is opened '
            f'again after {left} more; `dmesg | grep -i imx500` may show why'
        )

    def look_at(self, roi: Roi) -> int:
        """Place the ROI, given in pixels of the image, and return the ticket of this request.

        Raises:
            CameraError: the driver refused it, or the camera is closed.

        """
        with self._placing:
            wanted = roi.through(self._to_image.inverse()).rounded()
            wanted = _narrowed(wanted.shifted_inside(SENSOR_WIDTH, SENSOR_HEIGHT))
            last = self.record.placement
            placement = self._place(wanted, last.ticket + 1 if last else 1)
            self.record.placement = placement
            self._history.add(placement)
            return placement.ticket

    def upload_progress(self) -> tuple[int, int]:
        """Return the bytes of the network that were uploaded, and all of them; 0 if not known.

        For a process of its own: in this one, `start` stops all threads.
        """
        try:
            done, total = self._imx500.get_fw_upload_progress(NETWORK_STAGE)
        except NO_PROGRESS:
            return 0, 0
        return int(done), int(total)

    def _backend(self) -> Any:
        if not self._network:
            raise CameraError(NO_NETWORK)
        if self.chip is not None and self._given_backend is None:
            # Kept over closing and opening, as a device is: its faults continue.
            self._given_backend = self._simulated_sensor(self.chip)
        return super()._backend()

    def _simulated_sensor(self, chip: Chip) -> Any:
        from picosam_ros.cameras.photos import PhotosCamera
        from picosam_ros.simulation import Settings, Simulation

        faults, speed = self._simulation
        seen = self.simulation_settings(self._source, speed)
        if isinstance(seen['scene'], PhotosCamera) and self.show is not None:
            seen['scene'].show = self.show
        return Simulation(Settings(speed=speed, faults=faults, chip=chip, **seen))

    def _connect(self, backend: Any) -> Stream:
        if self._given_backend is None:
            check_network_file(self._network)
        if 'imx500' not in self.models(backend):
            raise LookupError('libcamera lists no imx500; check the cable, then reboot')
        # Before the Picamera2: it is what names the network to the driver.
        imx500 = backend.IMX500(self._network, '' if self._simulated else self._source)
        with self._placing:
            self._imx500 = imx500
            last = self.record.placement
            if last is not None:
                last = self.record.placement = self._place(last.roi, last.ticket)
            self._history.restart(last)
        self._tensors = TensorReader(imx500, self._history, self.record.without)
        return super()._connect(backend)

    def _disconnect(self) -> None:
        # picamera2's IMX500 has no close: it ends with its last reference.
        with self._placing:
            self._imx500 = self._tensors = None

    def _index(self, backend: Any) -> int:
        """Return its index in picamera2's list, which is not libcamera's (picamera2#1340)."""
        listed = backend.Picamera2.global_camera_info()
        number = self._imx500.camera_num
        return next(i for i, camera in enumerate(listed) if camera['Num'] == number)

    def _place(self, roi: Roi, ticket: int) -> Placement:
        """Write an ROI of whole sensor pixels to the sensor."""
        imx500 = self._imx500
        if imx500 is None:
            raise CameraError('the camera imx500 is closed, so its ROI cannot be placed')
        wanted = (int(roi.x), int(roi.y), int(roi.width), int(roi.height))
        placed_ns = time.monotonic_ns()
        imx500.set_inference_roi_abs(wanted)
        # picamera2 only prints that the driver refused it; what it then keeps is the one before.
        found = _as_tuple(imx500.config.get('roi'))
        if found != wanted:
            self.record.refused += 1
            self.record.refusal = (
                f'the driver of the sensor refused the ROI {wanted} (x, y, width, height in '
                f'sensor pixels) and keeps {found or "the one before"}; '
                '`dmesg | grep -i imx500` may show why'
            )
            raise CameraError(self.record.refusal)
        return Placement(roi, ticket, placed_ns)

    def _sentence(self, error: Exception) -> str:
        if self._simulated:  # No command of the system tells more.
            return f'the simulated camera {self.name} failed: {error}'
        return super()._sentence(error)

    def _frame(self, captured: CapturedFrame, **_: Any) -> Frame:
        height, width = captured.pixels.shape[:2]
        self._to_image = Roi(*captured.metadata['ScalerCrop']).affine_to(width, height)
        tensors = self._tensors
        answer: SensorOutput | str = 'the camera was closed meanwhile'
        if tensors is not None:
            answer = tensors.read(captured, self._to_image)
            self._check_network(tensors)
        if isinstance(answer, SensorOutput):
            return super()._frame(captured, sensor_output=answer)
        return super()._frame(captured, no_output=answer)

    def _check_network(self, tensors: TensorReader) -> None:
        """Raise CameraError if the chip has lost its network: only a new start uploads it."""
        if not tensors.silent:
            self.record.patience = LOST_AFTER
        elif tensors.silent >= self.record.patience:
            silent = tensors.silent
            self.record.lost += 1
            self.record.patience = min(silent * LOST_FACTOR, LOST_AFTER_MOST)
            raise CameraError(
                f'no tensor came with {silent} frames: the sensor has lost its network, and gets '
                'it again with a new start; where that recurs, keep the sensor powered, see '
                'docs/raspberry-pi.md',
                RETRY_S,
            )


def _narrowed(roi: Roi) -> Roi:
    """Return the middle of an ROI that is too wide."""
    excess = max(roi.width - MAX_ROI_WIDTH, 0)
    return Roi(roi.x + excess // 2, roi.y, roi.width - excess, roi.height)


def _as_tuple(rectangle: Any) -> tuple[int, ...]:
    if rectangle is None:
        return ()
    return tuple(rectangle.to_tuple() if hasattr(rectangle, 'to_tuple') else rectangle)
