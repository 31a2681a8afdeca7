"""`cloud`: objects in 3-D, from their masks and a depth image or a flat ground."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from std_msgs.msg import Header

from picosam_ros.errors import CalibrationError
from picosam_ros.notice import Notice
from picosam_ros.ros.cloud.inputs import CloudInputs
from picosam_ros.ros.cloud.outputs import CloudOutputs, Counts, Wanted
from picosam_ros.ros.cloud.parameters import GROUND_PARAMETERS, PARAMETERS
from picosam_ros.ros.cloud.views import VIEWS, View
from picosam_ros.ros.connections import connections_of, topics_status
from picosam_ros.ros.diagnostics import ERROR, INACTIVE, OK, STALE, UNCONFIGURED, WARN, Status
from picosam_ros.ros.duplicates import Duplicates
from picosam_ros.ros.managed_node import ManagedNode, run
from picosam_ros.ros.messages import to_time
from picosam_ros.spatial.cloud import Range
from picosam_ros.wire.images import RawImage
from picosam_ros.worker import Worker

Images = tuple[RawImage, ...]

# A camera driver that starts with this node has so long until its first camera_info, in seconds.
_CALIBRATION_S = 3.0


class CloudNode(ManagedNode):
    """Subscribes to `label_mask`, `confidence`, `depth` and `camera_info`; publishes clouds."""

    def __init__(self, **options: Any) -> None:
        super().__init__('cloud', PARAMETERS, **options)
        self._worker: Worker[Images] = Worker(self._work, self.failed)
        self._inputs: CloudInputs | None = None
        self._outputs: CloudOutputs | None = None
        self._view: View | None = None
        self._refused: Counter[str] = Counter()
        self._clouds = 0
        self._counts = Counts(0, 0)
        self._work_ms = 0.0
        self._duplicates = Duplicates(self)
        log = self.get_logger()
        self._uncalibrated = Notice(log.warning, log.info, after_s=_CALIBRATION_S)

    def open(self) -> None:
        """Open the topics."""
        parameters = self.parameters
        if parameters['mode'] != 'ground':
            parameters.warn_unused(
                GROUND_PARAMETERS, f'mode {parameters["mode"]!r}; it is for ground'
            )
        self._view = view = VIEWS[parameters['mode']](self, parameters)
        self._outputs = CloudOutputs(self)
        self._inputs = CloudInputs(
            self,
            view.inputs,
            self._offer,
            queue_size=parameters['queue_size'],
            slop_s=parameters['slop'],
        )

    def start(self) -> None:
        """Reset the counts and begin to work."""
        self._clouds = self._worker.dropped = 0
        self._refused.clear()
        self._uncalibrated.clear()
        self._worker.start()

    def stop(self) -> None:
        """Stop the work."""
        self._worker.stop()

    def close(self) -> None:
        """Destroy the topics."""
        with ExitStack() as steps:  # each step is done, whatever another one raises
            for part in (self._view, self._outputs, self._inputs):
                if part is not None:
                    steps.callback(part.destroy)
            self._inputs = self._outputs = self._view = None

    def failed(self, error: Exception) -> None:
        """Count the error by its class, too."""
        self._refused[type(error).__name__] += 1
        super().failed(error)

    def report(self) -> Mapping[str, Status]:
        """Return the components of `/diagnostics`."""
        connections = connections_of(self)
        components = {
            'cloud': self._status(),
            'topics': topics_status(connections, self._duplicates.check(connections)),
        }
        if self._inputs is not None and self.active:
            components |= self._inputs.report(
                max_age_s=self.parameters['max_age'], rectified=self.parameters['rectified']
            )
            calibration = components['camera_info']
            complaint = '' if calibration.level == OK else calibration.message
            self._uncalibrated.update(complaint, calibration.message)
        return components

    def _offer(self, *images: RawImage) -> None:
        if self.active:
            self._worker.offer(images)

    def _work(self, images: Images, queue_ms: float) -> None:
        inputs, outputs, view = self._inputs, self._outputs, self._view
        if inputs is None or outputs is None or view is None:
            return
        begun = time.perf_counter()
        parameters, first = self.parameters, images[0]
        try:
            camera, frame_id = inputs.camera(rectified=parameters['rectified'])
        except CalibrationError as error:
            # A state, which `report` tells once, and no event of each set of images.
            self._refused[type(error).__name__] += 1
            self.fault = str(error)
            return
        wanted = Wanted(
            parameters['object_id'],
            Range(parameters['min_depth'], parameters['max_depth']),
            parameters['trim'],
        )
        seen = view.look(images, camera, frame_id)
        header = Header(stamp=to_time(first.stamp_ns), frame_id=first.frame_id)
        self._counts = outputs.publish_objects(seen.objects, camera, wanted, header)
        outputs.publish_aligned(seen.everything, camera, wanted, header)
        if seen.grid is not None and outputs.grid_wanted:
            base = Header(stamp=header.stamp, frame_id=parameters['base_frame'])
            outputs.publish_grid(seen.grid(), seen.patch, base)
        self._work_ms = 1e3 * (time.perf_counter() - begun)
        self._clouds += 1
        self.fault = ''

    def _status(self) -> Status:
        values = {
            'clouds': self._clouds,
            'objects': self._counts.objects,
            'points': self._counts.points,
            'work ms': f'{self._work_ms:.1f}',
            'dropped (newer images came first)': self._worker.dropped,
            **{f'refused ({cause})': count for cause, count in dict(self._refused).items()},
        }
        if self._view is None:
            return Status(UNCONFIGURED.level, UNCONFIGURED.message, values)
        if not self.active:
            return Status(STALE, INACTIVE, values)
        if self.fault:
            return Status(ERROR, self.fault, values)
        if not self._clouds:
            return Status(OK, "no cloud yet; see the components 'matches' and those of the topics")
        if self._counts.without_depth:
            return Status(WARN, _without_depth(self._counts.without_depth), values)
        return Status(OK, f'{self._counts.objects} objects', values)


def _without_depth(ids: Sequence[int]) -> str:
    return (
        f'no pixel of object {", ".join(map(str, ids))} has a known depth, so it has no points and '
        'no pose: is it within the range of the depth camera, and of min_depth to max_depth? in '
        'mode ground: does it stand on the ground, below the horizon?'
    )


def main() -> int:
    """Entry point."""
    return run(CloudNode)


if __name__ == '__main__':
    raise SystemExit(main())
