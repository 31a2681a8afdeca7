"""Completed requests (images in a buffer of the camera, with metadata), and waits for them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, TypeVar

from picosam_ros.frame import Pixels
from picosam_ros.simulation.clock import Clock, Loop, Turn, make_loop
from picosam_ros.simulation.configuration import Configuration, in_memory
from picosam_ros.simulation.network import Metadata
from picosam_ros.simulation.scene import sample
from picosam_ros.simulation.stream import FrameStream, PendingFrame, Truth

T = TypeVar('T')


class CompletedRequest:
    """As picamera2 hands it out: with one reference, which must be released.

    The main stream is sampled when it is asked for, and the tuple of the tensor is made anew with
    every call of `get_metadata`, as with the real one.

    Args:
        frame: what was captured.
        stream: to which the buffer goes back.
        configuration: of the camera.

    """

    def __init__(
        self, frame: PendingFrame, stream: FrameStream, configuration: Configuration
    ) -> None:
        self.request: PendingFrame | None = frame
        self.ref_count = 1
        self._truth = frame.truth
        self._stream = stream
        self._main: dict[str, Any] = configuration['main']
        self._lock = threading.Lock()

    @property
    def truth(self) -> Truth:
        """For tests: what really happened."""
        return self._truth

    def acquire(self) -> None:
        """Hold it once more. Raises RuntimeError if it was released already."""
        with self._lock:
            if self.ref_count == 0:
                raise RuntimeError('CompletedRequest: acquiring lock with ref_count 0')
            self.ref_count += 1

    def release(self) -> None:
        """Let go; with the last hold the buffer goes back to the camera.

        Raises:
            RuntimeError: nobody held it.

        """
        with self._lock:
            self.ref_count -= 1
            if self.ref_count < 0:
                raise RuntimeError('CompletedRequest: lock now has negative ref_count')
            if self.ref_count:
                return
            frame, self.request = self.request, None
        if frame is not None:
            self._stream.requeue(frame.buffer)

    def get_metadata(self) -> Metadata:
        """Return a new dict. AssertionError after the release, as with picamera2."""
        assert self.request is not None
        return self._stream.metadata_of(self.request)

    def make_array(self, name: str) -> Pixels:
        """Return a new H×W×3 or H×W×4 uint8 array of the stream 'main', in its format's order.

        Raises:
            RuntimeError: another stream, or it was released.

        """
        frame = self.request
        if frame is None or name != 'main':
            raise RuntimeError(f'Stream {name!r} is not defined')
        rgb = sample(frame.image, frame.crop, *self._main['size'])
        return in_memory(rgb, self._main['format'])


Callback = Callable[[CompletedRequest], None]


class RequestQueue:
    """Keeps the newest request for who asks next; the older ones go back to the camera.

    Args:
        clock: of the loop.
        turn: the camera's: it calls `process` with the requests that are complete.

    """

    def __init__(self, clock: Clock, turn: Turn) -> None:
        self.kept = 1
        self.count = 0
        self.failure: BaseException | None = None
        self._clock = clock
        self._turn = turn
        self._lock = threading.Lock()
        self._waiting: list[tuple[Callable[[], Any], Future[Any]]] = []
        self._completed: list[CompletedRequest] = []
        self._loop: Loop | None = None

    def run(self) -> None:
        """Let the loop take its turns; a second call wakes it."""
        if self._loop is None:
            self._loop = make_loop(self._clock, self._guarded_turn)
        self._loop.wake()

    def stop(self) -> None:
        """End the loop."""
        if self._loop is not None:
            self._loop.stop()
            self._loop = None

    def process(self, requests: list[CompletedRequest], callback: Callback | None) -> None:
        """Show new requests to the callback, then serve those who wait."""
        with self._lock:
            for request in requests:
                request.acquire()
            self._completed += requests
            self.count += len(requests)
            if callback is not None:
                for request in requests:
                    callback(request)
            self._serve()
            for request in requests:
                request.release()
            while len(self._completed) > self.kept:
                self._completed.pop(0).release()

    def wait(self, poll: Callable[[], T | None], timeout: float | None) -> T:
        """Wait until `poll`, which the loop calls, returns something, and return that.

        Args:
            poll: does not block.
            timeout: in seconds of the sensor's clock; None waits for ever.

        Raises:
            concurrent.futures.TimeoutError: it did not.

        """
        future: Future[T] = Future()
        with self._lock:
            self._waiting.append((poll, future))
            if self.failure is not None:
                future.set_exception(self.failure)
        loop = self._loop
        if loop is None:
            return future.result(timeout)
        loop.wake()
        try:
            return loop.wait(future, timeout)
        except FutureTimeoutError:
            with self._lock:
                self._waiting = [entry for entry in self._waiting if entry[1] is not future]
            if not future.done():
                raise
            return future.result()

    def take(self) -> CompletedRequest | None:
        """Return the oldest request, with its hold; None if there is none."""
        return self._completed.pop(0) if self._completed else None

    def drop_all(self) -> None:
        """Release what nobody asked for; called in the loop, or without one."""
        while self._completed:
            self._completed.pop(0).release()

    def _serve(self) -> None:
        while self._waiting and (found := self._waiting[0][0]()) is not None:
            self._waiting.pop(0)[1].set_result(found)

    def _guarded_turn(self) -> int | None:
        """The camera's turn; if the simulation itself fails, who waits gets the error."""
        if self.failure is not None:
            return None
        try:
            return self._turn()
        except Exception as error:  # noqa: BLE001 - raised again in every thread that waits
            with self._lock:
                self.failure = error
                waiting, self._waiting = self._waiting, []
            for _, future in waiting:
                future.set_exception(error)
            return None
