"""The frames of a stream: exposed when due, into a free buffer or not at all, complete later."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from picosam_ros.frame import Logits, Pixels
from picosam_ros.roi import Roi
from picosam_ros.simulation.configuration import Mode, PendingControls, SensorControls
from picosam_ros.simulation.device import Device, Exposure
from picosam_ros.simulation.network import UNCOUNTED_INFO_SIZE, Metadata, pack, quantised
from picosam_ros.simulation.scene import SceneSource, sample
from picosam_ros.simulation.settings import NEVER


@dataclass(frozen=True, eq=False)
class Tensor:
    """The network's answer.

    Attributes:
        logits: h×w float32, as the sensor sends them.
        frame: number of the frame that the network saw.
        roi: what it saw of that frame, in pixels of the full sensor.

    """

    logits: Logits
    frame: int
    roi: Roi


@dataclass(frozen=True)
class Truth:
    """What no real camera reports: for tests only.

    Attributes:
        frame: number of the frame, counted by the sensor from 0 whether it arrives or not.
        exposed_ns: start of its exposure, steady time.
        complete_ns: when its request was due.
        tensor: what came with it; None if nothing did.

    """

    frame: int
    exposed_ns: int
    complete_ns: int
    tensor: Tensor | None


@dataclass(eq=False)
class Buffer:
    """Memory for one image, and the controls that go to the camera with it."""

    controls: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class PendingFrame:
    """A frame on its way.

    Attributes:
        image: the scene, whole.
        crop: the part of the sensor that the main stream shows.
        metadata: without the tensor.

    """

    image: Pixels
    crop: Roi
    metadata: Metadata
    truth: Truth
    buffer: Buffer


class FrameStream:
    """From one start to the next stop; used by the event loop only, but for `requeue`."""

    def __init__(
        self,
        device: Device,
        scene: SceneSource,
        mode: Mode,
        controls: SensorControls,
        pending: PendingControls,
        buffers: int,
    ) -> None:
        self._device = device
        self._settings = device.settings
        self._scene = scene
        self._mode = mode
        self._controls = controls
        self._pending = pending
        self._buffers = buffers
        self._ended = False
        self._free = deque(Buffer() for _ in range(buffers))
        self._flight: deque[PendingFrame] = deque()
        self._tensors: deque[Tensor | None] = deque()
        self._count = 0
        self._next_ns: int | None = device.clock.now_ns()

    @property
    def due_ns(self) -> int | None:
        """Steady time of what happens next; None if nothing ever does."""
        moments = [] if self._next_ns is None else [self._next_ns]
        if self._flight:
            moments.append(self._flight[0].truth.complete_ns)
        return min(moments, default=None)

    @property
    def held(self) -> int:
        """Number of buffers that somebody still reads."""
        return self._buffers - len(self._free) - len(self._flight)

    def turn(self, now_ns: int) -> list[PendingFrame]:
        """Expose what is due, and return the frames that are complete."""
        while self._next_ns is not None and self._next_ns <= now_ns:
            self._expose(self._next_ns, now_ns)
        complete = []
        while self._flight and self._flight[0].truth.complete_ns <= now_ns:
            complete.append(self._flight.popleft())
        return complete

    def requeue(self, buffer: Buffer) -> None:
        """Return a buffer to the camera, with new controls; nothing if the stream has ended."""
        if not self._ended:
            buffer.controls = self._pending.take()
            self._free.append(buffer)

    def end(self) -> None:
        """Take back no more buffers."""
        self._ended = True

    def metadata_of(self, frame: PendingFrame) -> Metadata:
        """Return the metadata of a frame with those of its tensor, if it has one; a new dict."""
        tensor, settings = frame.truth.tensor, self._settings
        if tensor is None:
            return dict(frame.metadata)
        kpi = round(1e3 * settings.dnn_ms), round(1e3 * settings.dsp_ms)
        packed = pack(tensor.logits, self._device.network_name, frame.truth.frame)
        faults = settings.faults
        if faults.strikes('unreadable', faults.unreadable, frame.truth.frame):
            packed['CnnOutputTensorInfo'] = packed['CnnOutputTensorInfo'][:UNCOUNTED_INFO_SIZE]
        return frame.metadata | packed | {'CnnKpiInfo': kpi}

    def _expose(self, at_ns: int, now_ns: int) -> None:
        faults = self._settings.faults
        if self._count == faults.stop_after != NEVER:
            self._next_ns = None
            return
        if self._count == faults.lose_network_after != NEVER:
            self._device.lose_network()
        exposure = self._device.expose(at_ns)
        if exposure is None:
            self._next_ns = None
            return
        if self._free:
            self._count += 1
            self._flight.append(self._capture(exposure, at_ns, self._free.popleft()))
        # A host that is late loses frames; it does not get them faster afterwards.
        self._next_ns = max(at_ns + self._settings.duration_ns(self._frame_us / 1e3), now_ns)

    def _capture(self, exposure: Exposure, at_ns: int, buffer: Buffer) -> PendingFrame:
        self._controls = self._controls.updated(buffer.controls)
        metadata = self._metadata(at_ns)
        image = self._scene.image(exposure.frame)
        self._tensors.append(self._infer(exposure, image))
        late = len(self._tensors) > self._settings.faults.late
        truth = Truth(
            exposure.frame,
            at_ns,
            at_ns + 1000 * (metadata['ExposureTime'] + self._readout_us) + self._isp_ns,
            self._tensors.popleft() if late else None,
        )
        return PendingFrame(image, self._controls.crop.roi, metadata, truth, buffer)

    def _infer(self, exposure: Exposure, image: Pixels) -> Tensor | None:
        network, faults = self._device.network, self._settings.faults
        missing = faults.strikes('missing', faults.missing, exposure.frame)
        lost = network is None or not self._device.infers
        if network is None or lost or missing or exposure.frame % faults.tensor_every:
            return None
        roi = exposure.roi.roi
        size = self._settings.input_size
        logits = network.infer(lambda: sample(image, roi, *size))
        return Tensor(quantised(logits) if faults.int8 else logits, exposure.frame, roi)

    def _metadata(self, at_ns: int) -> Metadata:
        clock, settings = self._device.clock, self._settings
        frame_us = self._frame_us / settings.speed
        longest_us = (self._controls.exposure_us or 1e3 * settings.exposure_ms) / settings.speed
        exposure_us = int(min(longest_us, frame_us))
        # The receiver stamps the start of the readout, at which the first row's exposure ends.
        stamp_ns = at_ns + 1000 * exposure_us
        return {
            'SensorTimestamp': stamp_ns,
            'FrameWallClock': clock.wall_ns() - clock.now_ns() + stamp_ns,
            'ExposureTime': exposure_us,
            'FrameDuration': int(frame_us),
            'ScalerCrop': self._controls.crop.to_tuple(),
            'AnalogueGain': self._controls.gain or 1.0,
            'DigitalGain': 1.0,
        }

    @property
    def _frame_us(self) -> float:
        shortest, longest = self._controls.frame_us
        return min(max(shortest, self._mode.frame_us), max(longest, self._mode.frame_us))

    @property
    def _readout_us(self) -> int:
        return int(self._mode.frame_us / self._settings.speed)

    @property
    def _isp_ns(self) -> int:
        return self._settings.duration_ns(self._settings.isp_ms)
