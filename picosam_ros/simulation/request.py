"""A picture with its metadata, and a hold on the buffer that it lies in."""

from __future__ import annotations

import threading
from typing import Any, Protocol

from picosam_ros.frame import Pixels
from picosam_ros.simulation.configuration import Configuration, in_memory
from picosam_ros.simulation.controls import PendingControls
from picosam_ros.simulation.device import Device
from picosam_ros.simulation.scene import sample
from picosam_ros.simulation.stream import Exposure, FrameStream, Truth, tensor_metadata
from picosam_ros.simulation.tensors import Metadata


class RequestOwner(Protocol):
    """What a request needs of the Picamera2 that completed it."""

    device: Device
    controls: PendingControls
    request_lock: threading.Lock
    started: bool
    stop_count: int

    def camera_configuration(self) -> Configuration: ...


class CompletedRequest:
    """As picamera2 hands it out: with one reference, which must be released.

    The main stream is sampled when it is asked for, and the tuple of the tensor is made anew with
    every call of `get_metadata`, as with the real one.
    """

    def __init__(self, exposure: Exposure, picam2: RequestOwner, stream: FrameStream) -> None:
        self.request: Exposure | None = exposure
        self.picam2 = picam2
        self.ref_count = 1
        self.config: dict[str, Any] = picam2.camera_configuration().copy()
        self.stop_count = picam2.stop_count
        self._truth = exposure.truth
        self._stream = stream

    @property
    def truth(self) -> Truth:
        """For tests: what really happened."""
        return self._truth

    def acquire(self) -> None:
        """Hold it once more. Raises RuntimeError if it was released already."""
        with self.picam2.request_lock:
            if self.ref_count == 0:
                raise RuntimeError('CompletedRequest: acquiring lock with ref_count 0')
            self.ref_count += 1

    def release(self) -> None:
        """Let go; with the last hold the buffer goes back to the camera.

        Raises:
            RuntimeError: nobody held it.

        """
        with self.picam2.request_lock:
            self.ref_count -= 1
            if self.ref_count < 0:
                raise RuntimeError('CompletedRequest: lock now has negative ref_count')
            if self.ref_count:
                return
            exposure, self.request, self.config = self.request, None, {}
            if exposure and self.picam2.started and self.stop_count == self.picam2.stop_count:
                self._stream.requeue(exposure.buffer, self.picam2.controls.take())

    def get_metadata(self) -> Metadata:
        """A new dict. AssertionError after the release, as with picamera2."""
        assert self.request is not None
        tensor = tensor_metadata(self.picam2.device, self._truth.tensor, self._truth.frame)
        return self.request.metadata | tensor

    def make_array(self, name: str) -> Pixels:
        """A new H×W×3 or H×W×4 uint8 array of the stream 'main', in its format's order.

        Raises:
            RuntimeError: another stream, or it was released.

        """
        config = self.config.get(name)
        if config is None or name != 'main':
            raise RuntimeError(f'Stream {name!r} is not defined')
        assert self.request is not None
        rgb = sample(self.request.picture, self.request.crop, *config['size'])
        return in_memory(rgb, config['format'])
