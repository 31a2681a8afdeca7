"""`camera`: a camera and the segmentation of its frames, without transport in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from picosam_ros.cameras import CAMERAS, Camera, make_camera
from picosam_ros.cameras.process.camera import PicameraProcess
from picosam_ros.cameras.show import show_of
from picosam_ros.engines import ENGINES, Engine
from picosam_ros.engines.base import RoiPlacer
from picosam_ros.frame import Frame
from picosam_ros.nodes.companions import COMPANIONS
from picosam_ros.ros.camera.camera_info import to_pinhole
from picosam_ros.ros.camera.camera_publisher import CameraPublisher
from picosam_ros.ros.camera.parameters import CAMERA_OPTIONS, PARAMETERS
from picosam_ros.ros.camera.scene_service import SceneService
from picosam_ros.ros.diagnostics import Status
from picosam_ros.ros.managed_node import run
from picosam_ros.ros.segmentation.node import SegmentationNode
from picosam_ros.ros.stream_health import Expected, Source
from picosam_ros.spatial.pinhole import Pinhole
from picosam_ros.wire.images import raw_image


class CameraNode(SegmentationNode):
    """Publishes `image_raw` and `camera_info`, and answers the prompts on every frame."""

    def __init__(self, **options: Any) -> None:
        super().__init__('camera', PARAMETERS, image_topic='image_raw', **options)
        self._camera: Camera | None = None
        self._publisher: CameraPublisher | None = None
        self._scenes: SceneService | None = None

    def make_engine(self, **options: Any) -> Engine:
        """Make the camera and the engine that suits it."""
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
        self._warn_of_fallback(sensor)
        return super().make_engine(
            sensor=sensor, fallback_policy=self.parameters['fallback_policy'], **options
        )

    def _warn_of_fallback(self, sensor: RoiPlacer | None) -> None:
        engine, camera = self.parameters['engine'], self.parameters['camera']
        having = [name for name in ENGINES if 'fallback_policy' in ENGINES.options_of(name)]
        if sensor is None:
            why = f'camera {camera!r}: no network runs in its sensor; it is for imx500'
        elif engine not in having:
            why = f'engine {engine!r}; it is for {", ".join(having)}'
        else:
            return
        self.parameters.warn_unused(['fallback_policy'], why)

    def source(self) -> Source:
        """The camera."""
        return Source('the camera', "see this node's component 'camera'")

    def expected(self) -> Expected:
        """Return the requirements on the frames; `rate` defines their period."""
        return replace(super().expected(), period_s=1 / self.parameters['rate'])

    def calibration(self) -> Pinhole:
        """Return the calibration of the camera."""
        assert self._publisher is not None
        return to_pinhole(self._publisher.camera_info.known(), rectified=False)

    def open_source(self) -> None:
        """Open the camera."""
        assert self._camera is not None
        show = show_of(self._camera)
        if show is not None:
            show.stay_while(self.has_objects)
            self._scenes = SceneService(self, show)
        url = self.parameters['camera_info_url']
        self._publisher = CameraPublisher(self, self._camera, self._take, url)
        self._publisher.open()

    def clicked(self, stamp_ns: int) -> None:
        """Stop the show with what was clicked into."""
        show = show_of(self._camera)
        if show is not None:
            show.hold(stamp_ns)

    def close_source(self) -> None:
        """Close the camera."""
        if self._scenes is not None:
            self._scenes.destroy()
            self._scenes = None
        if self._publisher is not None:
            self._publisher.close()
            self._publisher = None
        self._camera = None

    def start_source(self) -> None:
        """Start the camera thread."""
        if self._publisher is not None:
            self._publisher.start()

    def stop_source(self) -> None:
        """Stop the camera thread."""
        if self._publisher is not None:
            self._publisher.stop()

    def interrupt(self) -> None:
        """Let a camera or an engine that is being opened give up."""
        super().interrupt()
        if isinstance(self._camera, PicameraProcess):
            self._camera.interrupt()

    def report(self) -> Mapping[str, Status]:
        """Return the components of `/diagnostics`, that of the camera included."""
        components = dict(super().report())
        if self._publisher is not None:
            components['camera'] = self._publisher.status()
        return components

    def _take(self, frame: Frame) -> None:
        self.offer(frame)
        if self.local_image.wanted:
            self.local_image.publish(raw_image(frame, frame.pixels, 'rgb8'))


def main() -> int:
    """Entry point."""
    return run(CameraNode, companions=COMPANIONS)


if __name__ == '__main__':
    raise SystemExit(main())
