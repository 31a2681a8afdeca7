"""`camera`: a camera and the segmentation of its frames in one process, no transport between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from picosam_ros.cameras import CAMERAS, Camera, make_camera
from picosam_ros.engines import Engine
from picosam_ros.engines.base import RoiPlacer
from picosam_ros.engines.fallback import POLICIES
from picosam_ros.ros.camera.capture import Capture
from picosam_ros.ros.camera.pinholes import to_pinhole
from picosam_ros.ros.diagnostics import Status
from picosam_ros.ros.parameters import Parameter
from picosam_ros.ros.run import run
from picosam_ros.ros.segmentation.node import SegmentationNode
from picosam_ros.ros.segmentation.parameters import SEGMENTATION_PARAMETERS
from picosam_ros.ros.stream_health import Expected, Source
from picosam_ros.spatial.pinhole import Pinhole

PARAMETERS = (
    Parameter('camera', 'auto', 'Where frames come from.', choices=tuple(CAMERAS), read_only=True),
    Parameter(
        'source',
        '',
        "Device, file or folder of the camera; empty takes the camera's default.",
        read_only=True,
    ),
    Parameter('rate', 30.0, 'Frames per second.', low=0.1, high=240.0, read_only=True),
    Parameter(
        'frame_id',
        'camera_optical_frame',
        'Frame of the images: z forward, x right, y down (REP-103).',
        read_only=True,
    ),
    Parameter(
        'camera_info_url',
        '',
        'Calibration: a path, file:///PATH or package://PACKAGE/PATH; set_camera_info writes it.',
        read_only=True,
    ),
    Parameter(
        'sensor_network',
        '',
        'The network.rpk that the IMX500 runs; simulated, a model, empty for the default.',
        read_only=True,
    ),
    Parameter(
        'roi_settle_frames',
        3,
        "Frames after a change of the IMX500's ROI that may still show the old one.",
        low=0,
        high=10,
        read_only=True,
    ),
    Parameter('simulate', False, 'Take a simulated IMX500; it needs no hardware.', read_only=True),
    Parameter(
        'faults',
        '',
        'What goes wrong with the simulated IMX500, for example missing=0.3,roi_lag=2.',
        read_only=True,
    ),
    Parameter(
        'fallback_policy',
        POLICIES[0],
        'With engine auto and an IMX500: how the host stands in for the sensor.',
        choices=POLICIES,
        read_only=True,
    ),
    *SEGMENTATION_PARAMETERS,
)

# Parameters that are the camera's own arguments.
CAMERA_OPTIONS = (
    'source',
    'rate',
    'frame_id',
    'sensor_network',
    'roi_settle_frames',
    'simulate',
    'faults',
)


class CameraNode(SegmentationNode):
    """Publishes `image_raw` and `camera_info`, and answers the prompts on every frame."""

    def __init__(self) -> None:
        super().__init__('camera', PARAMETERS)
        self._camera: Camera | None = None
        self._capture: Capture | None = None

    def make_engine(self, **options: Any) -> Engine:
        """Make the camera, and the engine that goes with it."""
        self._camera = make_camera(
            self.parameters['camera'], **{name: self.parameters[name] for name in CAMERA_OPTIONS}
        )
        sensor = self._camera if isinstance(self._camera, RoiPlacer) else None
        return super().make_engine(
            sensor=sensor, fallback_policy=self.parameters['fallback_policy'], **options
        )

    def source(self) -> Source:
        """The camera."""
        return Source('the camera', "see this node's component 'camera'")

    def expected(self) -> Expected:
        """What frames should be like; one is missed only after the period that was asked for."""
        return replace(super().expected(), period_s=1 / self.parameters['rate'])

    def calibration(self) -> Pinhole:
        """The camera itself, by its own calibration."""
        assert self._capture is not None
        return to_pinhole(self._capture.camera_info.known(), rectified=False)

    def open_source(self) -> None:
        """Open the camera."""
        assert self._camera is not None
        url = self.parameters['camera_info_url']
        self._capture = Capture(self, self._camera, self.offer, url)
        self._capture.open()

    def close_source(self) -> None:
        """Close the camera."""
        if self._capture is not None:
            self._capture.close()
            self._capture = None
        self._camera = None

    def start_source(self) -> None:
        """Let frames flow."""
        if self._capture is not None:
            self._capture.start()

    def stop_source(self) -> None:
        """Stop them."""
        if self._capture is not None:
            self._capture.stop()

    def report(self) -> Mapping[str, Status]:
        """What `/diagnostics` shows, with the camera's own state."""
        components = dict(super().report())
        if self._capture is not None:
            components['camera'] = self._capture.status()
        return components


def main() -> int:
    """Entry point."""
    return run(CameraNode)


if __name__ == '__main__':
    raise SystemExit(main())
