"""The Raspberry Pi AI Camera: its image sensor runs the network on an ROI that we place."""

from __future__ import annotations

import subprocess
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from picosam_ros.cameras.picamera.camera import PicameraCamera
from picosam_ros.cameras.picamera.captured_frame import CapturedFrame
from picosam_ros.cameras.picamera.stream import Stream
from picosam_ros.cameras.picamera.tensors import Placement, RoiHistory, TensorReader
from picosam_ros.errors import CameraError
from picosam_ros.frame import Frame, SensorOutput
from picosam_ros.models import SENSOR_MODEL
from picosam_ros.roi import Roi

SENSOR_WIDTH, SENSOR_HEIGHT = 4056, 3040

NO_NETWORK = (
    'no network was given; the camera imx500 needs the path of a network.rpk (parameter '
    'sensor_network). '
    'Two commands make it: `imxconv-pt -i MODEL.onnx -o build`, then on a Raspberry Pi '
    '`imx500-package -i build/packerOut.zip -o build`'
)

# Frames per second of the scene that a simulated sensor looks at.
SCENE_RATE = 30.0

NETWORK_STAGE = 2

# picamera2 starts a process for every query of the progress.
POLL_NS = 500_000_000

# What picamera2 raises where the kernel does not report the progress.
NO_PROGRESS = (OSError, ValueError, LookupError, AssertionError, subprocess.SubprocessError)


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
        camera: see PicameraCamera.

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
        **camera: Any,
    ) -> None:
        if simulate and camera.get('backend') is None:
            # Kept over closing and opening, as a device is: its faults continue.
            camera['backend'] = simulated(camera['source'], faults, speed)
        super().__init__(**camera)
        self._network = sensor_network or (SENSOR_MODEL if simulate else '')
        self._simulated = simulate
        self._imx500: Any = None
        self._tensors: TensorReader | None = None
        self._history = RoiHistory(roi_settle_frames)
        self._placing = threading.Lock()
        self._last: Placement | None = None
        # Until the first frame shows which part of the sensor the image covers.
        self._to_image = Roi(0, 0, SENSOR_WIDTH, SENSOR_HEIGHT).affine_to(*self._size)
        self._without: Counter[str] = Counter()
        self._refused = 0
        self._refusal = ''

    @property
    def description(self) -> dict[str, str]:
        sensor = 'simulated' if self._simulated else 'IMX500'
        described = {**super().description, 'sensor': sensor, 'network': self._network}
        if self._refused:
            described.update(
                {'refused ROIs': str(self._refused), 'last refused ROI': self._refusal}
            )
        for kind, count in self._without.items():
            described[f'frames without a mask ({kind})'] = str(count)
        return described

    def look_at(self, roi: Roi) -> int:
        """Place the ROI, given in pixels of the image, and return the ticket of this request.

        Raises:
            CameraError: the driver refused it, or the camera is closed.

        """
        with self._placing:
            wanted = roi.through(self._to_image.inverse()).rounded()
            wanted = wanted.shifted_inside(SENSOR_WIDTH, SENSOR_HEIGHT)
            ticket = self._last.ticket + 1 if self._last else 1
            self._last = self._place(wanted, ticket)
            self._history.add(self._last)
            return ticket

    def _backend(self) -> Any:
        if not self._network:
            raise CameraError(NO_NETWORK)
        return super()._backend()

    def _connect(self, backend: Any) -> Stream:
        # Before the Picamera2: it is what names the network to the driver.
        imx500 = backend.IMX500(self._network, '' if self._simulated else self._source)
        with self._placing:
            self._imx500 = imx500
            if self._last is not None:
                self._last = self._place(self._last.roi, self._last.ticket)
            self._history.restart(self._last)
        self._tensors = TensorReader(imx500, self._history, self._without)
        return self._streamed(backend, _index(backend, imx500), starting=Upload(imx500))

    def _disconnect(self) -> None:
        # picamera2's IMX500 has no close: it ends with its last reference.
        with self._placing:
            self._imx500 = self._tensors = None

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
            self._refused += 1
            self._refusal = (
                f'the driver of the sensor refused the ROI {wanted} (x, y, width, height in '
                f'sensor pixels) and keeps {found}; `dmesg | grep -i imx500` may show why'
            )
            raise CameraError(self._refusal)
        return Placement(roi, ticket, placed_ns)

    def _frame(self, captured: CapturedFrame, **_: Any) -> Frame:
        height, width = captured.pixels.shape[:2]
        self._to_image = Roi(*captured.metadata['ScalerCrop']).affine_to(width, height)
        tensors = self._tensors
        answer: SensorOutput | str = 'the camera was closed meanwhile'
        if tensors is not None:
            answer = tensors.read(captured, self._to_image)
        if isinstance(answer, SensorOutput):
            return super()._frame(captured, sensor_output=answer)
        return super()._frame(captured, no_output=answer)


class Upload:
    """The progress of uploading the network into the sensor, which takes seconds to minutes.

    It is asked for at most twice a second, and returned as text.

    Args:
        imx500: whose `get_fw_upload_progress` is asked.

    """

    def __init__(self, imx500: Any) -> None:
        self._imx500 = imx500
        self._lock = threading.Lock()
        self._asked_ns = -POLL_NS
        self._text = 'uploading the network'

    def __call__(self) -> str:
        with self._lock:
            now_ns = time.monotonic_ns()
            if now_ns - self._asked_ns >= POLL_NS:
                self._asked_ns = now_ns
                self._text = self._ask()
            return self._text

    def _ask(self) -> str:
        try:
            done, total = self._imx500.get_fw_upload_progress(NETWORK_STAGE)
        except NO_PROGRESS:
            return 'uploading the network (progress unknown)'
        if not total:
            return 'uploading the network'
        return f'uploading the network: {100 * done // total} % of {total / 1e6:.1f} MB'


def simulated(source: str, faults: str, speed: float) -> Any:
    """Return a sensor that exists in software only, with the calls of picamera2.

    Args:
        source: a video file or a folder of images that it sees; '' takes the photos of
            the camera `photos`.
        faults: for example 'missing=0.3,roi_lag=2'.
        speed: of its clock.

    Raises:
        CameraError: there are no such faults.

    """
    from picosam_ros.cameras import make_camera
    from picosam_ros.simulation import Faults, Settings, Simulation

    seen = 'video' if Path(source).is_file() else 'photos'
    # The scene passes as fast as the clock of the sensor.
    scene = make_camera(seen, source=source, rate=SCENE_RATE * speed, frame_id='')
    return Simulation(Settings(scene, speed=speed, faults=Faults.parse(faults)))


def _index(backend: Any, imx500: Any) -> int:
    """Return the sensor's index in picamera2's list, which is not libcamera's (picamera2#1340)."""
    listed = backend.Picamera2.global_camera_info()
    return next(i for i, camera in enumerate(listed) if camera['Num'] == imx500.camera_num)


def _as_tuple(rectangle: Any) -> tuple[int, ...]:
    if rectangle is None:
        return ()
    return tuple(rectangle.to_tuple() if hasattr(rectangle, 'to_tuple') else rectangle)
