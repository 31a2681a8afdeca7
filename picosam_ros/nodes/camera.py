"""`camera`: a camera and the segmentation of its frames in one process, no transport between."""

from __future__ import annotations

from collections.abc import Mapping

from picosam_ros.cameras import CAMERAS, make_camera
from picosam_ros.ros.capture import Capture
from picosam_ros.ros.diagnostics import Status
from picosam_ros.ros.node import SEGMENTATION_PARAMETERS, SegmentationNode
from picosam_ros.ros.parameters import Parameter
from picosam_ros.ros.run import run

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
    *SEGMENTATION_PARAMETERS,
)


class CameraNode(SegmentationNode):
    """Publishes `image_raw` and `camera_info`, and answers the prompts on every frame."""

    def __init__(self) -> None:
        super().__init__('camera', PARAMETERS)
        self._capture: Capture | None = None

    def open_source(self) -> None:
        """Open the camera."""
        camera = make_camera(
            self.parameters['camera'],
            source=self.parameters['source'],
            rate=self.parameters['rate'],
            frame_id=self.parameters['frame_id'],
        )
        self._capture = Capture(self, camera, self.offer)
        self._capture.open()

    def close_source(self) -> None:
        """Close the camera."""
        if self._capture is not None:
            self._capture.close()
            self._capture = None

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
