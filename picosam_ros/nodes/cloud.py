"""`cloud`: objects in 3-D, from their masks and a depth image or a ground that is flat."""

from __future__ import annotations

import time
import traceback
from collections import Counter
from collections.abc import Mapping

from rclpy.lifecycle import LifecycleNode, State, TransitionCallbackReturn
from std_msgs.msg import Header

from picosam_ros.cloud import Range
from picosam_ros.errors import PicosamError
from picosam_ros.images import RawImage
from picosam_ros.ros.cloud_inputs import CloudInputs
from picosam_ros.ros.cloud_outputs import CloudOutputs, Counts, Wanted
from picosam_ros.ros.cloud_parameters import CLOUD_PARAMETERS
from picosam_ros.ros.cloud_views import VIEWS, View
from picosam_ros.ros.diagnostics import ERROR, OK, STALE, Diagnostics, Status
from picosam_ros.ros.health import topics_status
from picosam_ros.ros.links import links_of
from picosam_ros.ros.messages import to_time
from picosam_ros.ros.parameters import Parameters
from picosam_ros.ros.run import run
from picosam_ros.ros.transitions import refuse_impossible, told
from picosam_ros.worker import Worker

PARAMETERS = CLOUD_PARAMETERS

Images = tuple[RawImage, ...]


class CloudNode(LifecycleNode):
    """Subscribes to `label_mask`, `confidence`, `depth` and `camera_info`; publishes clouds."""

    def __init__(self) -> None:
        super().__init__('cloud')
        refuse_impossible(self)
        self.parameters = Parameters(self, PARAMETERS)
        self.finalized = False
        self._worker: Worker[Images] = Worker(self._work, self._failed)
        self._inputs: CloudInputs | None = None
        self._outputs: CloudOutputs | None = None
        self._view: View | None = None
        self._active = False
        self._fault = ''
        self._refused: Counter[str] = Counter()
        self._clouds = 0
        self._counts = Counts(0, 0)
        self._work_ms = 0.0
        self._diagnostics = Diagnostics(self, self.report)

    @told
    def on_configure(self, state: State) -> TransitionCallbackReturn:
        """Open the topics."""
        parameters = self.parameters
        self._view = view = VIEWS[parameters['mode']](self, parameters)
        self._outputs = CloudOutputs(self)
        self._inputs = CloudInputs(
            self,
            view.inputs,
            self._offer,
            queue_size=parameters['queue_size'],
            slop_s=parameters['slop'],
        )
        self._fault = ''
        return TransitionCallbackReturn.SUCCESS

    @told
    def on_activate(self, state: State) -> TransitionCallbackReturn:
        """Start to work."""
        self._clouds = self._worker.dropped = 0
        self._refused.clear()
        self._worker.start()
        self._active = True
        return super().on_activate(state)

    def on_deactivate(self, state: State) -> TransitionCallbackReturn:
        """Stop to work."""
        self._stop()
        return super().on_deactivate(state)

    def on_cleanup(self, state: State) -> TransitionCallbackReturn:
        """Take the topics away."""
        self._release()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: State) -> TransitionCallbackReturn:
        """Free everything, from whatever state; there is no way back."""
        self._stop()
        self._release()
        self.finalized = True
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: State) -> TransitionCallbackReturn:
        """Free everything, so that configure can be tried again."""
        self._stop()
        self._release()
        return TransitionCallbackReturn.SUCCESS

    def report(self) -> Mapping[str, Status]:
        """What `/diagnostics` shows."""
        components = {'cloud': self._status(), 'topics': topics_status(links_of(self))}
        if self._inputs is not None and self._active:
            components |= self._inputs.report(
                max_age_s=self.parameters['max_age'], rectified=self.parameters['rectified']
            )
        return components

    def _offer(self, *images: RawImage) -> None:
        if self._active:
            self._worker.offer(images)

    def _work(self, images: Images, queue_ms: float) -> None:
        inputs, outputs, view = self._inputs, self._outputs, self._view
        if inputs is None or outputs is None or view is None:
            return
        begun = time.perf_counter()
        parameters, first = self.parameters, images[0]
        camera, frame_id = inputs.camera(rectified=parameters['rectified'])
        wanted = Wanted(
            parameters['object_id'],
            Range(parameters['min_depth'], parameters['max_depth']),
            parameters['trim'],
        )
        seen = view.look(images, camera, frame_id)
        header = Header(stamp=to_time(first.stamp_ns), frame_id=first.frame_id)
        self._counts = outputs.publish_objects(seen.objects, camera, wanted, header)
        outputs.publish_aligned(seen.everything, camera, wanted, header)
        if seen.grid is not None and outputs.grid_heard:
            base = Header(stamp=header.stamp, frame_id=parameters['base_frame'])
            outputs.publish_grid(seen.grid(), seen.patch, base)
        self._work_ms = 1e3 * (time.perf_counter() - begun)
        self._clouds += 1
        self._fault = ''

    def _failed(self, error: Exception) -> None:
        expected = isinstance(error, PicosamError)
        self._fault = str(error) if expected else f'{type(error).__name__}: {error}'
        self._refused[type(error).__name__] += 1
        text = self._fault if expected else ''.join(traceback.format_exception(error))
        self.get_logger().error(text, throttle_duration_sec=1.0)

    def _stop(self) -> None:
        self._active = False
        self._worker.stop()

    def _release(self) -> None:
        for part in (self._inputs, self._outputs, self._view):
            if part is not None:
                part.destroy()
        self._inputs = self._outputs = self._view = None

    def _status(self) -> Status:
        values = {
            'clouds': self._clouds,
            'objects': self._counts.objects,
            'points': self._counts.points,
            'work ms': f'{self._work_ms:.1f}',
            'dropped (newer images came first)': self._worker.dropped,
            **{f'refused ({cause})': count for cause, count in self._refused.items()},
        }
        if self._view is None:
            return Status(STALE, 'not configured; configure and activate the node', values)
        if not self._active:
            return Status(STALE, 'not active; activate the node', values)
        if self._fault:
            return Status(ERROR, self._fault, values)
        if not self._clouds:
            return Status(OK, "no cloud yet; the components 'matches' and those of the topics tell")
        return Status(OK, f'{self._counts.objects} objects', values)


def main() -> int:
    """Entry point."""
    return run(CloudNode)


if __name__ == '__main__':
    raise SystemExit(main())
