"""The newest completed request of a Picamera2, and nothing that is kept back from it."""

from __future__ import annotations

import threading
import time
from typing import Any


class NewestRequest:
    """A slot between picamera2's thread and the reader. What is replaced is released.

    A request that is not released is a buffer that the camera has no more; with all of them gone,
    it stops.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._request: Any = None
        self._closed = False
        self.arrived_ns = 0

    def put(self, request: Any) -> None:
        """Keep a request until it is taken; this is a `pre_callback`: it does not block."""
        with self._changed:
            self.arrived_ns = time.monotonic_ns()
            if self._closed:
                return
            request.acquire()
            replaced, self._request = self._request, request
            self._changed.notify_all()
        if replaced is not None:
            replaced.release()

    def take(self, timeout: float) -> Any:
        """Wait up to `timeout` seconds; the taker releases what it gets. None if there is none."""
        with self._changed:
            self._changed.wait_for(lambda: self._request is not None or self._closed, timeout)
            request, self._request = self._request, None
            return request

    def close(self) -> None:
        """Release what is kept and keep nothing more; a wait in another thread ends."""
        with self._changed:
            self._closed = True
            request, self._request = self._request, None
            self._changed.notify_all()
        if request is not None:
            request.release()
