"""`camera`: a camera and the segmentation of its frames in one process, no transport between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from picosam_ros.cameras import CAMERAS, Camera, make_camera
from picosam_ros.engines import Engine
from picosam_ros.engines.base import RoiPlacer
from picosam_ros.ros.camera.calibration_topic import to_pinhole
from picosam_ros.ros.camera.capture import Capture
from picosam_ros.ros.camera.parameters import CAMERA_OPTIONS, PARAMETERS
from picosam_ros.ros.diagnostics import Status
from picosam_ros.ros.run import run
from picosam_ros.ros.segmentation.node import SegmentationNode
from picosam_ros.ros.stream_health import Expected, Source
from picosam_ros.spatial.pinhole import Pinhole


class CameraNode(SegmentationNode):
    """Publishes `image_raw` and `camera_info`, and answers the prompts on every frame."""

    def __init__(self) -> None:
        super().__init__('camera', PARAMETERS)
        self._camera: Camera | None = None
        self._capture: Capture | None = None

    def make_engine(self, **options: Any) -> Engine:
        """Make the camera, and the engine that goes with it."""
        name = self.parameters['camera']
        known = CAMERAS.options_of(name)
        # What the camera does not have is left out, unless it was asked for: then it is refused.
        self._camera = make_camera(
            name,
            **{
                row.name: self.parameters[row.name]
                for row in CAMERA_OPTIONS
                if row.name in known or self.parameters[row.name] != row.default
            },
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
