"""Cameras that run in a child process.

libcamera's Python binding keeps the interpreter lock while a camera starts, and a start that
uploads a network takes up to minutes. In a child, that stops nobody else; and whatever the camera
does there, also a crash, is a fault here from which a new child recovers.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from picosam_ros.cameras.picamera.camera import PicameraCamera
from picosam_ros.cameras.picamera.imx500 import Imx500Camera, SensorRecord
from picosam_ros.cameras.picamera.stream import STALL_SECONDS
from picosam_ros.cameras.picamera.tensors import Placement
from picosam_ros.cameras.process.child_process import ChildProcess
from picosam_ros.cameras.process.messages import Captured, Connected, Failed, Order, Started
from picosam_ros.cameras.process.models import connected_models
from picosam_ros.cameras.show import Show
from picosam_ros.errors import CameraError
from picosam_ros.frame import Frame
from picosam_ros.roi import Roi

# Times within which the child must have found the camera, started it, sent a frame or told why
# not, and answered a call.
OPEN_S, START_S, FRAME_S, CALL_S = 20.0, 900.0, 10.0, 1.0

# So long an `open` that waits takes to hear that it is interrupted.
INTERRUPT_S = 0.1

# Until a child whose start blocks has ended, the camera cannot be opened.
ENDING_S = 1.0


class PicameraProcess:
    """A Raspberry Pi camera in a child process.

    The first `open` waits until the camera was found and configured; the start goes on after it,
    and `state` tells how far it is. Later ones return at once, and `read` raises what they find.

    Args:
        options: of the camera that runs in the child.

    Attributes:
        kind: of that camera.
        warning: what works only in part, in a sentence; empty if all is well.

    """

    kind: type[PicameraCamera] = PicameraCamera
    models = staticmethod(connected_models)

    def __init__(self, **options: Any) -> None:
        # Never opened here: it checks the options, and describes a camera that is closed.
        self._camera = self.kind(**options)
        self._options = options
        self.name = self._camera.name
        self.warning = ''
        self._description = self._camera.description
        self._child: ChildProcess | None = None
        self._ending: ChildProcess | None = None
        self._found = self._interrupted = False

    @property
    def description(self) -> dict[str, str]:
        return {**self._description, 'state': self.state}

    @property
    def state(self) -> str:
        """What it does now: 'closed', 'streaming', or what it waits for."""
        child = self._child
        if child is None:
            return 'closed'
        if child.phase is Connected:
            return self._starting(child)
        return self._description['state'] if child.phase is Started else 'opening the camera'

    @property
    def pid(self) -> int:
        """The child's process id; 0 while it is closed."""
        return self._child.pid if self._child else 0

    def open(self) -> None:
        if self._child is not None:
            return
        if self._ending is not None and self._ending.running:
            raise CameraError(
                'the camera was closed while it started, and the start has not ended yet',
                ENDING_S,
            )
        try:
            self._child, self._ending = self._new_child(), None
        except OSError as error:
            raise CameraError(
                f'no process could be started for the camera {self.name}: {error}'
            ) from error
        if not self._found:
            self._wait_until_found()

    def read(self, timeout: float) -> Frame | None:
        child = self._child
        if child is None:
            raise CameraError(f'the camera {self.name} is not open; call open() first')
        deadline = time.monotonic() + timeout
        while (message := child.receive(max(deadline - time.monotonic(), 0))) is not None:
            self._take(message)
            if isinstance(message, Captured):
                return child.frame_of(message)
        self._check_patience(child)
        return None

    def interrupt(self) -> None:
        """Let an `open` in another thread, or below a signal handler, raise CameraError soon."""
        self._interrupted = True

    def close(self) -> None:
        """End the child; a camera that starts goes on starting in it until the kernel lets go."""
        child, self._child = self._child, None
        if child is not None:
            child.end()
            self._ending = child
        self.warning = ''

    def _new_child(self) -> ChildProcess:
        return ChildProcess(self._order(self._options))

    def _order(self, options: dict[str, Any]) -> Order:
        return Order(self.kind.__module__, self.kind.__name__, options)

    def _wait_until_found(self) -> None:
        child = self._child
        assert child is not None
        try:
            while child.phase is None:
                if self._interrupted:
                    raise CameraError('the program was told to end while the camera was opened')
                message = child.receive(INTERRUPT_S)
                if message is None:
                    self._check_patience(child)
                    continue
                self._take(message)
        except BaseException:
            self.close()
            raise
        self._found = True

    def _take(self, message: Any) -> None:
        """Keep what a message tells; raise CameraError for a failure."""
        if message.report is not None:
            self._description = message.report.description
            self.warning = message.report.warning
            if message.report.record is not None:
                self._keep_record(message.report.record)
        if isinstance(message, Failed):
            raise CameraError(message.text, message.retry_s)

    def _keep_record(self, record: SensorRecord) -> None:
        """Keep what is counted over all streams; cameras without a network count nothing."""

    def _check_patience(self, child: ChildProcess) -> None:
        limit, what = {
            None: (OPEN_S, 'find the camera'),
            Connected: (START_S, 'start the camera'),
            Started: (self._frame_s, 'send a frame'),
        }[child.phase]
        waited_s = time.monotonic() - child.heard
        if waited_s > limit:
            raise CameraError(
                f'the process of the camera {self.name} did not {what} within {limit:g} s, and is '
                'ended'
            )

    @property
    def _frame_s(self) -> float:
        """FRAME_S; longer where the child itself waits longer for a frame."""
        return FRAME_S * max(self._camera.stall_s / STALL_SECONDS, 1)

    def _starting(self, child: ChildProcess) -> str:
        if not hasattr(self._camera, 'upload_progress'):
            return 'starting'
        done, total = child.memory.progress
        if not total:
            return 'uploading firmware and network'
        return f'uploading the network: {100 * done // total} % of {total / 1e6:.1f} MB'


class Imx500Process(PicameraProcess):
    """An IMX500 in a child process; see RoiPlacer."""

    kind = Imx500Camera
    _camera: Imx500Camera

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._recording = threading.Lock()

    @property
    def show(self) -> Show | None:
        """Of the photos that a simulated sensor looks at; None for others."""
        return self._camera.show

    def look_at(self, roi: Roi) -> int:
        """Place the ROI, given in pixels of the image, and return the ticket of this request.

        Raises:
            CameraError: the driver refused it, or the camera does not stream.

        """
        child = self._child
        if child is None or child.phase is not Started:
            raise CameraError(
                f'the ROI of the camera {self.name} cannot be placed before it streams; its state '
                f'is: {self.state}'
            )
        answer = child.call(roi, CALL_S)
        if isinstance(answer, Failed):
            raise CameraError(answer.text, answer.retry_s)
        assert isinstance(answer, Placement)
        with self._recording:
            record = self._camera.record
            record.placement = _newest(record.placement, answer)
        return answer.ticket

    def _keep_record(self, record: SensorRecord) -> None:
        # A frame may come after the answer to a call that was placed after it.
        with self._recording:
            record.placement = _newest(self._camera.record.placement, record.placement)
            self._camera.record = record

    def _new_child(self) -> ChildProcess:
        options, chip = {**self._options, 'record': self._camera.record}, self._camera.chip
        if chip is None:
            return ChildProcess(self._order(options))
        order = self._order({**options, 'chip': chip.fd})
        return ChildProcess(order, shared=(chip.fd,), show=self.show)


def _newest(one: Placement | None, other: Placement | None) -> Placement | None:
    return max((p for p in (one, other) if p), key=lambda p: p.ticket, default=None)
