"""Reads a camera in a thread of its own, and reopens it after a fault."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable
from typing import Protocol

from picosam_ros.cameras.base import Camera
from picosam_ros.errors import CameraError, EndOfStream, PicosamError, fault_text
from picosam_ros.frame import Frame
from picosam_ros.notice import Notice
from picosam_ros.status import Level, Status

# Also how long a thread that is stopped goes on, for a camera that keeps its timeout.
_READ_TIMEOUT_S = 0.2
# Without a frame for so many times the last interval, frames flow no longer.
_SILENT_INTERVALS = 2
# So long no frame comes before the log says so, in seconds; a hiccup is none.
_TOLD_AFTER_S = 2.0
# The state of a camera in which frames are expected: any other one explains why there is none.
_STREAMING = 'streaming'
_FIRST_BACKOFF, _LAST_BACKOFF = 0.5, 5.0
# Between two reports in the log of frames that `deliver` failed on.
_LOG_PERIOD_S = 1.0


class Log(Protocol):
    """Receives sentences and tracebacks: a logger of Python, or that of a ROS node."""

    def info(self, message: str, /) -> object:
        """Log an event."""

    def warning(self, message: str, /) -> object:
        """Log what impairs the work."""

    def error(self, message: str, /) -> object:
        """Log a fault."""


class CameraReader:
    """Delivers every frame of a camera.

    A camera that fails is closed and reopened, after 0.5 s, 1 s, 2 s … 5 s, or after the error's
    `retry_s` where that is longer. This holds for every exception that it raises: only the end of
    a stream, and `stop`, end the thread. An exception of `deliver` is counted by itself and leaves
    the camera open.

    A camera may have a property `warning`: what impairs it while frames flow, as a sentence; empty
    if nothing does.

    Args:
        camera: used by this object alone, but for its description.
        log: receives faults, when frames begin to flow, and when and why they stop.

    Attributes:
        camera: the camera.

    """

    def __init__(self, camera: Camera, log: Log | None = None) -> None:
        self.camera = camera
        self._log: Log = log or logging.getLogger('picosam_ros.camera')
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._frames = self._reopened = self._faults = self._undelivered = 0
        self._backoff = _FIRST_BACKOFF
        self._state = Status(Level.STALE, 'not started')
        self._unreported: Status | None = None
        self._flowing = False
        self._arrived = self._interval = 0.0
        self._warning = ''
        self._logged_at = -_LOG_PERIOD_S
        self._silence = Notice(self._log.warning, self._log.info, after_s=_TOLD_AFTER_S)

    def open(self) -> None:
        """Open the camera before the thread does, to learn whether that is possible.

        Raises:
            CameraError: see Camera.open.

        """
        self.camera.open()
        self._log.info(f'camera {self.camera.name!r}: {_text_of(self.camera.description)}')

    def start(self, deliver: Callable[[Frame], None]) -> None:
        """Start the thread, which opens the camera if it is not open.

        Args:
            deliver: called with every frame, in the thread.

        """
        self._stopping.clear()
        self._flowing = False
        self._silence.clear()
        self._thread = threading.Thread(
            target=self._loop, args=(deliver,), name='picosam_camera', daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread and wait for its end; the camera stays open."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def close(self) -> None:
        """Close the camera; what it raises is logged and counted."""
        try:
            self.camera.close()
        except Exception as error:  # noqa: BLE001 - it is given up anyway
            self._faults += 1
            self._log.error(f'the camera could not be closed: {_log_text(error)}')

    def status(self) -> Status:
        """Return the state, with counters and the camera's description as values.

        A fault that is over is reported once.
        """
        state, self._unreported = self._unreported or self._state, None
        values = {
            'camera': self.camera.name,
            'frames': self._frames,
            'reopened': self._reopened,
            'faults': self._faults,
            'frames not delivered': self._undelivered,
            **self.camera.description,
        }
        return Status(state.level, state.message, values)

    def _loop(self, deliver: Callable[[Frame], None]) -> None:
        while not self._stopping.is_set():
            try:
                frame = self._read()
            except EndOfStream as end:
                self._state = Status(Level.OK, str(end))
                self._log.info(str(end))
                return
            except Exception as error:  # noqa: BLE001 - drivers raise anything; a dead thread is silent
                self._recover(error)
                continue
            if frame is not None:
                self._hand_on(frame, deliver)

    def _read(self) -> Frame | None:
        """Return the next frame and note the state; raises what the camera raises."""
        self.camera.open()
        frame = self.camera.read(_READ_TIMEOUT_S)
        if frame is None:
            silent = time.monotonic() - self._arrived
            if self._flowing and silent < _SILENT_INTERVALS * self._interval:
                return None
            state = self.camera.description.get('state', _STREAMING)
            silence = f'no frame within {_READ_TIMEOUT_S:g} s'
            self._state = Status(Level.WARN, silence if state == _STREAMING else state)
            self._silence.update(self._no_frames(state), '')
            return None
        self._flows(getattr(self.camera, 'warning', ''))
        return frame

    def _no_frames(self, state: str) -> str:
        stopped = 'frames stopped' if self._flowing else 'no frame comes'
        advice = 'is it connected, and does another program use it?'
        return f'camera {self.camera.name!r}: {stopped}: ' + (
            f'the driver delivers none, and tells no fault: {advice}'
            if state == _STREAMING
            # Without how far that is, as in `uploading: 12 %`: it would be told at every step.
            else state.partition(':')[0]
        )

    def _flows(self, warning: str) -> None:
        self._backoff = _FIRST_BACKOFF
        self._frames += 1
        now = time.monotonic()
        self._interval = now - self._arrived if self._flowing else 0.0
        self._arrived = now
        if not self._flowing:
            self._log.info(f'camera {self.camera.name!r}: frames flow')
        self._silence.update('', f'camera {self.camera.name!r}: frames flow again')
        if warning and not self._warning:
            self._log.warning(f'camera {self.camera.name!r}: {warning}')
        self._flowing, self._warning = True, warning
        self._state = Status(Level.WARN, warning) if warning else Status(Level.OK, 'frames flow')

    def _recover(self, error: Exception) -> None:
        """Close the camera and wait until it is to be opened again."""
        least = error.retry_s if isinstance(error, CameraError) else 0.0
        pause = max(self._backoff, least)
        self._backoff = min(2 * self._backoff, _LAST_BACKOFF)
        self._faults += 1
        self._flowing = False
        self._silence.clear()
        self._state = self._unreported = Status(
            Level.ERROR, f'{fault_text(error)}; next try in {pause:g} s'
        )
        self._log.error(f'{_log_text(error)}; next try in {pause:g} s')
        self.close()
        self._reopened += 1
        self._stopping.wait(pause)

    def _hand_on(self, frame: Frame, deliver: Callable[[Frame], None]) -> None:
        try:
            deliver(frame)
        except Exception as error:  # noqa: BLE001 - not the camera's fault: the next frame may pass
            self._undelivered += 1
            self._state = self._unreported = Status(
                Level.ERROR, f'a frame could not be delivered: {fault_text(error)}'
            )
            now = time.monotonic()
            if now - self._logged_at >= _LOG_PERIOD_S:
                self._logged_at = now
                self._log.error(f'a frame could not be delivered: {_log_text(error)}')


def _log_text(error: Exception) -> str:
    """Return the sentence of an expected error, the traceback of any other exception."""
    if isinstance(error, PicosamError):
        return str(error)
    return ''.join(traceback.format_exception(error)).rstrip()


def _text_of(description: dict[str, str]) -> str:
    return ', '.join(f'{key} {value}' for key, value in description.items())
