"""The camera: configuration, start and stop, and requests."""

from __future__ import annotations

from typing import Any

from picosam_ros.simulation.configuration import (
    CONTROLS,
    MODES,
    Configuration,
    PendingControls,
    SensorControls,
    default_crop,
    preview,
    validated,
)
from picosam_ros.simulation.device import Device
from picosam_ros.simulation.queue import Callback, CompletedRequest, RequestQueue
from picosam_ros.simulation.scene import make_scene
from picosam_ros.simulation.stream import FrameStream


class Picamera2:
    """One open camera. A Simulation makes it, and knows the device.

    Args:
        device: the sensor.
        camera_num: index into `global_camera_info()`.

    Raises:
        IndexError: there is no such camera.
        RuntimeError: it is open already.

    """

    create_preview_configuration = staticmethod(preview)

    def __init__(self, device: Device, camera_num: int = 0) -> None:
        # An IndexError without a camera, as with picamera2.
        device.listed()[camera_num]
        try:
            device.acquire()
        except RuntimeError as error:
            raise RuntimeError('Camera __init__ sequence did not complete.') from error
        self.device = device
        self.started = False
        self.pre_callback: Callback | None = None
        self._open = True
        self._configuration: Configuration = {}
        self._mode = MODES[0]
        self._controls = PendingControls()
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
        configuration, self._mode = validated(camera_config or preview())
        self._controls = PendingControls(configuration['controls'])
        self._configuration = configuration
        self._queue.kept = 1 if configuration['queue'] and configuration['buffer_count'] > 1 else 0

    def camera_configuration(self) -> Configuration:
        """Return the configuration that was taken; empty before."""
        return self._configuration

    @property
    def camera_controls(self) -> dict[str, tuple[Any, Any, Any]]:
        """Return the least, greatest and default value of each control in this mode."""
        return CONTROLS | {'FrameDurationLimits': (self._mode.frame_us, 1_000_000, 33_333)}

    def set_controls(self, controls: dict[str, Any]) -> None:
        """Send controls with the next buffer that goes to the camera.

        Raises:
            RuntimeError: the camera has no such control.

        """
        self._controls.set_controls(controls)

    def start(self) -> None:
        """Start; blocks while the network is uploaded, and every other thread with it.

        Raises:
            RuntimeError: the sensor does not answer.

        """
        if not self._configuration:
            self.configure()
        if not self.started:
            self._start()
        self._queue.run()

    def stop(self) -> None:
        """Stop; what was captured and not asked for is lost."""
        self._queue.stop()
        if self.started:
            self.started = False
            if self._stream is not None:
                self._stream.end()
            self._stream = None
            self._queue.drop_all()
            self.device.stop()
            self._scene.close()

    def close(self) -> None:
        """Stop, and leave the device; a second call does nothing."""
        if self._open:
            self.stop()
            self._open = False
            self._configuration = {}
            self.device.release()

    def capture_request(self, wait: float | None = None) -> CompletedRequest:
        """Wait for a request, which must be released: `wait` seconds, or for ever.

        Raises:
            concurrent.futures.TimeoutError: none came in time.

        """
        return self._queue.wait(self._queue.take, wait)

    def step(self, frames: int, timeout: float) -> None:
        """For Simulation.step."""
        last = self._queue.count + frames
        self._queue.wait(lambda: self._queue.count >= last or None, timeout)

    @property
    def held(self) -> int:
        """For Simulation.held."""
        return self._stream.held if self._stream is not None else 0

    def _start(self) -> None:
        self._scene.open()
        try:
            self.device.start()
        except BaseException:
            self._scene.close()
            raise
        main = self._configuration['main']
        controls = SensorControls(default_crop(main, self._mode)).updated(self._controls.take())
        buffers = self._configuration['buffer_count']
        self._stream = FrameStream(
            self.device, self._scene, self._mode, controls, self._controls, buffers
        )
        self.started = True

    def _turn(self) -> int | None:
        stream, requests = self._stream, []
        if stream is not None:
            frames = stream.turn(self.device.clock.now_ns())
            requests = [CompletedRequest(frame, stream, self._configuration) for frame in frames]
        self._queue.process(requests, self.pre_callback)
        return self._stream.due_ns if self._stream is not None else None
