"""The sensor's other side: its network, its ROI, and what its tensors mean."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from picosam_ros.models import shipped_models
from picosam_ros.simulation.device import ID, Device
from picosam_ros.simulation.geometry import FULL, FULL_SIZE, Rectangle, Size
from picosam_ros.simulation.intrinsics import NetworkIntrinsics
from picosam_ros.simulation.network import make_network
from picosam_ros.simulation.tensors import Metadata, shapes, unpack


class IMX500:
    """Made before the camera is opened. A Simulation makes it, and knows the device.

    Args:
        device: what is plugged in.
        network_file: the path of an .rpk file that exists, for which the settings' model runs; or
            a name of models.yaml or the path of an .onnx file, which runs itself. Empty for no
            network.
        camera_id: a part of the camera's Id; empty takes any.
        tensor_injection: is not simulated, and does nothing.

    Raises:
        RuntimeError: there is no device, or no such file.
        ModelError: the network cannot be used.

    """

    def __init__(
        self,
        device: Device,
        network_file: str,
        camera_id: str = '',
        tensor_injection: bool = False,
    ) -> None:
        del tensor_injection
        if not device.present or camera_id not in ID:
            raise RuntimeError('IMX500: Requested camera dev-node not found')
        self._device = device
        self._config: dict[str, Any] = {'network_file': network_file, 'input_tensor': {}}
        if network_file:
            self._load(network_file)
        self.set_inference_roi_abs(FULL.to_tuple())

    @property
    def camera_num(self) -> int:
        """What Picamera2 takes to open this camera."""
        return 0

    @property
    def config(self) -> dict[str, Any]:
        """All that is known: 'network_file', 'input_tensor_size', 'roi' (a Rectangle) and more."""
        return self._config

    @property
    def network_intrinsics(self) -> NetworkIntrinsics | None:
        """None: a network that one converted oneself has none."""
        return self._config.get('intrinsics')

    def get_input_size(self) -> tuple[int, int]:
        """Width and height of the network's input; KeyError without a network."""
        size: tuple[int, int] = self._config['input_tensor_size']
        return size

    def get_outputs(
        self, metadata: Metadata, add_batch: bool = False
    ) -> list[npt.NDArray[np.float32]] | None:
        """The tensors of a frame, (1, H, W) float32 in Fortran order; None if it has none."""
        return unpack(metadata, add_batch)

    def get_output_shapes(self, metadata: Metadata) -> list[list[int]]:
        """The tensors' shapes; empty if the frame has none."""
        info = metadata.get('CnnOutputTensorInfo')
        return shapes(info) if info else []

    @staticmethod
    def get_kpi_info(metadata: Metadata) -> tuple[float, float] | None:
        """Milliseconds of the DNN and the DSP; None if the frame has no tensor."""
        kpi = metadata.get('CnnKpiInfo')
        return None if kpi is None else (kpi[0] / 1000, kpi[1] / 1000)

    def set_inference_roi_abs(self, roi: tuple[int, int, int, int]) -> None:
        """Look at x, y, width, height of the full sensor, clipped to it.

        A driver that refuses is only printed; `config['roi']` stays then.
        """
        clipped = Rectangle(*roi).bounded_to(FULL)
        try:
            self._device.write_roi(clipped)
        except OSError as error:
            print(f'IMX500: Unable to set ROI control in the device driver: {error}')
            return
        self._config['roi'] = clipped

    def set_inference_aspect_ratio(self, aspect_ratio: tuple[int, int]) -> None:
        """Look at the largest centred part of the sensor of this aspect ratio."""
        size = FULL_SIZE.bounded_to_aspect_ratio(Size(*aspect_ratio))
        self.set_inference_roi_abs(FULL.centred(size).enclosed_in(FULL).to_tuple())

    def set_auto_aspect_ratio(self) -> None:
        """Look at the largest centred part of the sensor with the input's aspect ratio."""
        self.set_inference_aspect_ratio(self.get_input_size())

    def get_roi_scaled(self, request: Any, stream: str = 'main') -> tuple[int, int, int, int]:
        """The ROI that was set last, in pixels of the stream: not always the tensor's."""
        metadata = request.get_metadata()
        return self._to_stream(FULL, metadata, request.picam2, stream).to_tuple()

    def convert_inference_coords(
        self,
        coords: tuple[float, float, float, float],
        metadata: Metadata,
        picam2: Any,
        stream: str = 'main',
    ) -> tuple[int, int, int, int]:
        """Map y0, x0, y1, x1 as fractions of the full sensor to x, y, w, h of the stream.

        What lies outside the ROI is cut off; it is not the ROI that they are fractions of.
        """
        y0, x0, y1, x1 = coords
        x, width = (max(int(part * FULL.width), 0) for part in (x0, x1 - x0))
        y, height = (max(int(part * FULL.height), 0) for part in (y0, y1 - y0))
        part = Rectangle(x, y, width, height)
        return self._to_stream(part, metadata, picam2, stream).to_tuple()

    def get_fw_upload_progress(self, stage_req: int) -> tuple[int, int]:
        """Bytes and total of a stage (0 loader, 1 main, 2 network); (0, 0) for all but one.

        Raises:
            subprocess.CalledProcessError: the device is gone, and with it the file that tells.

        """
        if not self._device.present:
            raise subprocess.CalledProcessError(1, ['cat', 'fw_progress'])
        stage, done, total = self._device.upload_progress()
        return (done, total) if stage == stage_req else (0, 0)

    def show_network_fw_progress_bar(self) -> None:
        """Show nothing; picamera2 starts a process that draws a bar."""

    def _load(self, network_file: str) -> None:
        settings = self._device.settings
        runs_itself = network_file in shipped_models() or network_file.endswith('.onnx')
        if not runs_itself and not Path(network_file).is_file():
            raise RuntimeError(f'Firmware file {Path(network_file).absolute()} does not exist.')
        self._device.network = make_network(
            settings, network_file if runs_itself else settings.model
        )
        self._device.network_name = Path(network_file).stem
        width, height = settings.input_size
        self._config['input_tensor'] |= {
            'width': width,
            'height': height,
            'input_format': 'RGB',
            'dtype': 'unsigned',
        }
        self._config['input_tensor_size'] = width, height

    def _to_stream(self, part: Rectangle, metadata: Metadata, picam2: Any, name: str) -> Rectangle:
        """Map sensor pixels to a stream's by way of the mode's, as picamera2 rounds them."""
        streams = picam2.camera_configuration()
        target, mode = Size(*streams[name]['size']), Size(*streams['raw']['size'])
        crop = Rectangle(*metadata['ScalerCrop']).scaled_by(mode, FULL_SIZE)
        roi = self._config.get('roi')
        if roi is not None and roi != Rectangle(0, 0, 0, 0):
            part = part.bounded_to(roi)
        visible = part.scaled_by(mode, FULL_SIZE).bounded_to(crop)
        return visible.translated_by(-crop.x, -crop.y).scaled_by(target, crop.size)
