"""A child that runs a camera, seen from the process that wants its frames."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing import Pipe
from typing import Any

from picosam_ros.cameras.process.memory import SharedMemory
from picosam_ros.cameras.process.messages import Captured, Connected, Failed, Next, Order, Started
from picosam_ros.cameras.show import Show
from picosam_ros.errors import CameraError
from picosam_ros.frame import Frame
from picosam_ros.python_process import run_python

CHILD = 'picosam_ros.cameras.process.child'

# Within this time a child that hears ends its camera; else it is killed.
END_S, KILL_S = 0.6, 0.2


class ChildProcess:
    """Runs from its making to `end`. All but `call` is for one thread at a time.

    Making it raises OSError where the system gives no process, memory or file descriptor.

    Args:
        order: which camera it runs.
        shared: file descriptors that the camera's options name.
        show: of the camera, told with each request for a frame.

    Attributes:
        phase: the kind of the last message that told a new one; None until the camera is found.
        heard: moment from which the next message is awaited, in seconds of the steady clock.
        memory: shared with it.

    """

    def __init__(self, order: Order, shared: Sequence[int] = (), show: Show | None = None) -> None:
        self.phase: type[Connected | Started] | None = None
        self.heard = time.monotonic()
        self._show = show
        self._asked = False
        self._called = 0
        self._calling = threading.Lock()
        self._frames, frames = Pipe()
        self._calls, calls = Pipe()
        memory = SharedMemory.create()
        try:
            self.memory = SharedMemory(memory)
            own = (frames.fileno(), calls.fileno(), memory)
            self._process = run_python(CHILD, [*map(str, own)], pass_fds=(*own, *shared))
        finally:
            os.close(memory)
            frames.close()
            calls.close()
        with suppress(ConnectionError):  # It ended at once: `receive` tells.
            self._frames.send(order)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process exists."""
        return self._process.poll() is None

    def receive(self, timeout: float) -> Connected | Started | Captured | Failed | None:
        """Wait up to `timeout` seconds for its next message; None if there was none.

        Raises:
            CameraError: it has ended.

        """
        try:
            if self.phase is Started and not self._asked:
                self._frames.send(Next(self._show.choice if self._show else None))
                self._asked, self.heard = True, time.monotonic()
            if not self._frames.poll(timeout):
                return None
            message = self._frames.recv()
        except (EOFError, OSError) as error:  # Also in the middle of a message.
            raise CameraError(self._end_in_words()) from error
        self.heard = time.monotonic()
        if isinstance(message, (Connected, Started)):
            self.phase = type(message)
        else:
            self._asked = False
        return message

    def frame_of(self, captured: Captured) -> Frame:
        """Return a frame with its pixels, which stand in the shared memory until the next one."""
        pixels = self.memory.read(captured.shape)
        return replace(captured.frame, pixels=pixels, received_ns=time.time_ns())

    def call(self, argument: Any, timeout: float) -> Any:
        """Send a call, and return its answer; safe to use from many threads, also during `end`.

        Raises:
            CameraError: no answer came in time.

        """
        with self._calling:
            self._called += 1
            deadline = time.monotonic() + timeout
            try:
                self._calls.send((self._called, argument))
                while self._calls.poll(max(deadline - time.monotonic(), 0)):
                    number, answer = self._calls.recv()
                    if number == self._called:  # Not that of an earlier call which came too late.
                        return answer
            except (EOFError, OSError) as error:
                raise CameraError('the process of the camera ended meanwhile') from error
        raise CameraError(f'the process of the camera did not answer within {timeout:g} s')

    def end(self) -> None:
        """End it, within a second. One in a blocking call of the kernel ends after that call."""
        self._frames.close()
        # While the camera starts, the child cannot hear.
        if self.phase is Connected or not self._ends_within(END_S):
            self._process.kill()
            self._ends_within(KILL_S)
        # A call in another thread ends with the child; until then its descriptor stays in use.
        with self._calling:
            self._calls.close()
        self.memory.close()

    def _ends_within(self, seconds: float) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return not self.running

    def _end_in_words(self) -> str:
        self._ends_within(END_S)
        code = self._process.returncode
        how = f'signal {-code}' if code and code < 0 else f'exit code {code}'
        return f'the process of the camera ended unexpectedly ({how}); its output may say why'
