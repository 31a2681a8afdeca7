"""The camera: configuration, start and stop, and requests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from picosam_ros.simulation.configuration import (
    MODES,
    Configuration,
    default_crop,
    preview,
    validated,
)
from picosam_ros.simulation.controls import CONTROLS, PendingControls, SensorControls
from picosam_ros.simulation.device import Device
from picosam_ros.simulation.jobs import Function, Job
from picosam_ros.simulation.properties import CAMERA, camera_info
from picosam_ros.simulation.queue import Callback, RequestQueue
from picosam_ros.simulation.request import CompletedRequest
from picosam_ros.simulation.scene import make_scene
from picosam_ros.simulation.stream import FrameStream

Signal = Callable[[Job], None]


class Picamera2:
    """One open camera. A Simulation makes it, and knows the device.

    Args:
        device: what is plugged in.
        camera_num: index into `global_camera_info()`.

    Raises:
        IndexError: there is no such camera.
        RuntimeError: it is open already.

    """

    create_preview_configuration = staticmethod(preview)

    def __init__(self, device: Device, camera_num: int = 0) -> None:
        # An IndexError without a camera, as with picamera2.
        self.camera_idx = camera_info(device)[camera_num]['Num']
        try:
            device.acquire()
        except RuntimeError as error:
            raise RuntimeError('Camera __init__ sequence did not complete.') from error
        self.device = device
        self.camera_properties = dict(CAMERA)
        self.camera_controls = dict(CONTROLS)
        self.is_open = True
        self.started = False
        self.stop_count = 0
        self.pre_callback: Callback | None = None
        self.request_lock = threading.Lock()
        self._configuration: Configuration = {}
        self._mode = MODES[0]
        self.controls = PendingControls()
        self._scene = make_scene(device.settings)
        self._stream: FrameStream | None = None
        self._queue = RequestQueue(device.clock, self._turn)

    def __enter__(self):  # type: ignore[no-untyped-def]
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def configure(self, camera_config: Configuration | None = None) -> None:
        """Take a configuration.

        Raises:
            RuntimeError: the camera runs, or it cannot do that.

        """
        if self.started:
            raise RuntimeError('Camera must be stopped before configuring')
        wanted = camera_config or preview()
        configuration, self._mode = validated(wanted)
        self.controls = PendingControls(configuration['controls'])
        self._configuration = configuration
        self._queue.kept = 1 if configuration['queue'] and configuration['buffer_count'] > 1 else 0

    def camera_configuration(self) -> Configuration:
        """The configuration that was taken; empty before."""
        return self._configuration

    def set_controls(self, controls: dict[str, Any]) -> None:
        """Send controls with the next buffer that goes to the camera.

        Raises:
            RuntimeError: the camera has no such control.

        """
        self.controls.set_controls(controls)

    def start(self, config: Configuration | None = None) -> None:
        """Start; blocks while the network is uploaded.

        Raises:
            RuntimeError: the device is gone.

        """
        if config is not None or not self._configuration:
            self.configure(config)
        if not self.started:
            self._start()
        self._queue.run()

    def stop(self) -> None:
        """Stop; in the event loop, behind the jobs that wait there."""
        if self.started:
            self._queue.dispatch([self._stop], wait=True, signal_function=None)

    def close(self) -> None:
        """Stop without regard to jobs, and leave the device; a second call does nothing."""
        if not self.is_open:
            return
        self._queue.stop()
        self._stop()
        self.is_open = False
        self._configuration = {}
        self.device.release()

    def capture_request(
        self,
        wait: bool | float | None = None,
        signal_function: Signal | None = None,
        flush: bool | int | None = None,
    ) -> Any:
        """Wait for a CompletedRequest, which must be released.

        Args:
            wait: True, seconds, or False for a job.
            signal_function: called with the finished job.
            flush: steady time in nanoseconds at which the exposure must not have begun; True is
                now.

        Raises:
            concurrent.futures.TimeoutError: after `wait` seconds. The job stays: it takes the
                next request for nobody, unless `cancel_all_and_flush` is called.

        """
        if flush is True:
            flush = self.device.clock.now_ns()
        skip: list[Function] = [partial(self._queue.skip_before, flush)] if flush else []
        return self._queue.dispatch([*skip, self._queue.take], wait, signal_function)

    def capture_metadata(
        self, wait: bool | float | None = None, signal_function: Signal | None = None
    ) -> Any:
        """Wait for the metadata of a request, and release it."""
        return self._queue.dispatch([self._queue.take_metadata], wait, signal_function)

    def cancel_all_and_flush(self) -> None:
        """Cancel all jobs: those who wait for them get a CancelledError."""
        self._queue.cancel_all()

    def step(self, frames: int, timeout: float) -> None:
        """For Simulation.step."""
        last = self._queue.count + frames
        self._queue.dispatch([lambda: (self._queue.count >= last, None)], timeout, None)

    @property
    def held(self) -> int:
        """For Simulation.held."""
        return self._stream.held if self._stream is not None else 0

    def _start(self) -> None:
        self._scene.open()
        self.device.start()
        main = self._configuration['main']
        controls = SensorControls(default_crop(main, self._mode)).updated(self.controls.take())
        buffers = self._configuration['buffer_count']
        self._stream = FrameStream(self.device, self._scene, self._mode, controls, buffers)
        self.started = True

    def _stop(self) -> tuple[bool, None]:
        if self.started:
            self.stop_count += 1
            self.started = False
            self._stream = None
            self._queue.drop_all()
            self.device.stop()
            self._scene.close()
        return True, None

    def _turn(self) -> int | None:
        requests = []
        stream = self._stream
        if stream is not None:
            exposures = stream.turn(self.device.clock.now_ns())
            requests = [CompletedRequest(exposure, self, stream) for exposure in exposures]
        self._queue.process(requests, self.pre_callback)
        return self._stream.due_ns if self._stream is not None else None
