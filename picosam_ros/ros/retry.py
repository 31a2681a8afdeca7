"""A service call that waits for the service and is repeated until it is answered."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from std_srvs.srv import Trigger

# Time-out for discovery of the service.
DISCOVERY_S = 3.0
# Time-out of each attempt: longer and longer, for a busy node.
ATTEMPTS_S = (0.2, 0.4, 0.8, 1.6, 3.2)


class RetryingCall:
    """Calls an idempotent Trigger and reports its answer, or that there is none.

    Where a busy node answers several attempts, the first one tells what was done; the last one has
    to be answered nevertheless: until then the node may do it once more.

    An answer is lost while the node has discovered the client's endpoint for requests and not yet
    that for answers, as just after either has started: the middleware drops it.

    Args:
        client: of the service; the caller destroys it.
        report: called with a sentence, by `poll`.
        clock: steady, in seconds.

    """

    def __init__(
        self,
        client: Any,
        report: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._report = report
        self._clock = clock
        self._wanted = threading.Event()
        # The attempts (none: the service is not discovered yet), and the time-out of the last one.
        self._requests: list[Any] = []
        self._deadline: float | None = None
        self._timeouts: list[float] = []

    @property
    def waiting(self) -> bool:
        """Whether the last call is not answered yet."""
        return self._wanted.is_set() or self._deadline is not None

    def call(self) -> None:
        """Request a call at the next `poll`; safe to call from any thread."""
        self._wanted.set()

    def poll(self) -> None:
        """Send, repeat or give up; call it periodically in the executor's thread."""
        now = self._clock()
        if self._wanted.is_set():
            self._wanted.clear()
            self._cancel()
            self._timeouts, self._deadline = list(ATTEMPTS_S), now + DISCOVERY_S
        if self._deadline is None:
            return
        # Not by a callback of the future: what that raises ends the process (EventsExecutor).
        if self._requests and self._requests[-1].done():
            self._finish(self._first_answer())
        elif not self._requests and self._client.service_is_ready():
            self._send(now)
        elif now >= self._deadline:
            self._timed_out(now)

    def _send(self, now: float) -> None:
        self._deadline = now + self._timeouts.pop(0)
        self._requests.append(self._client.call_async(Trigger.Request()))

    def _timed_out(self, now: float) -> None:
        name = self._client.srv_name
        if not self._requests:
            self._finish(f'there is no service {name}: is the node running?')
        elif self._timeouts:
            self._send(now)
        else:
            self._finish(self._first_answer() or f'{name} does not answer: is the node running?')

    def _first_answer(self) -> str:
        answers = (request.result().message for request in self._requests if request.done())
        return next(answers, '')

    def _finish(self, sentence: str) -> None:
        self._cancel()
        self._deadline = None
        self._report(sentence)

    def _cancel(self) -> None:
        """Drop the attempts: no answer to one of them counts any more."""
        for request in self._requests:
            if not request.done():
                self._client.remove_pending_request(request)
        self._requests = []
