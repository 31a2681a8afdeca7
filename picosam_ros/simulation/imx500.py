"""The part of picamera2 that knows the sensor: its network, its ROI, and its tensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from picosam_ros.models import shipped_models
from picosam_ros.simulation.device import ID, Device
from picosam_ros.simulation.geometry import FULL, PixelRectangle
from picosam_ros.simulation.network import Metadata, unpack


class IMX500:
    """Made before the camera is opened. A Simulation makes it, and knows the device.

    Args:
        device: the sensor.
        network_file: the path of an .rpk file that exists, for which the settings' model runs; or
            a name of models.yaml or the path of an .onnx file, which runs itself. Empty for no
            network.
        camera_id: a part of the camera's Id; empty takes any.

    Raises:
        RuntimeError: there is no such device, or no such file.
        ModelError: the network cannot be used.

    """

    def __init__(self, device: Device, network_file: str, camera_id: str = '') -> None:
        if camera_id not in ID:
            raise RuntimeError('IMX500: Requested camera dev-node not found')
        self._device = device
        self._config: dict[str, Any] = {'network_file': network_file}
        if network_file:
            self._load(network_file)
        self.set_inference_roi_abs(FULL.to_tuple())

    @property
    def camera_num(self) -> int:
        """What Picamera2 takes to open this camera."""
        return 0

    @property
    def config(self) -> dict[str, Any]:
        """What was set: 'network_file', and 'roi' (a rectangle) once the driver accepted one."""
        return self._config

    def get_outputs(self, metadata: Metadata) -> list[npt.NDArray[np.float32]] | None:
        """Return the tensors of a frame, (1, H, W) float32 in Fortran order; None without any."""
        return unpack(metadata)

    @staticmethod
    def get_kpi_info(metadata: Metadata) -> tuple[float, float] | None:
        """Return the milliseconds of the DNN and the DSP; None if the frame has no tensor."""
        kpi = metadata.get('CnnKpiInfo')
        return None if kpi is None else (kpi[0] / 1000, kpi[1] / 1000)

    def set_inference_roi_abs(self, roi: tuple[int, int, int, int]) -> None:
        """Place the ROI: x, y, width, height in pixels of the full sensor, clipped to it.

        That the driver refused it is only printed; `config['roi']` stays then.
        """
        clipped = PixelRectangle(*roi).bounded_to(FULL)
        try:
            self._device.write_roi(clipped)
        except OSError as error:
            print(f'IMX500: Unable to set ROI control in the device driver: {error}')
            return
        self._config['roi'] = clipped

    def get_fw_upload_progress(self, stage_req: int) -> tuple[int, int]:
        """Return bytes and total of a stage (0 loader, 1 main, 2 network); (0, 0) for all but one.

        Other processes with the same chip can ask while one that uploads stands still.
        """
        stage, done, total = self._device.upload_progress()
        return (done, total) if stage == stage_req else (0, 0)

    def _load(self, network_file: str) -> None:
        settings = self._device.settings
        runs_itself = network_file in shipped_models() or network_file.endswith('.onnx')
        if not runs_itself and not Path(network_file).is_file():
            raise RuntimeError(f'Firmware file {Path(network_file).absolute()} does not exist.')
        self._device.take_network(
            network_file if runs_itself else settings.model, Path(network_file).stem
        )
