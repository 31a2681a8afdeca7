"""A service that is waited for, and asked again when no answer comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from std_srvs.srv import Trigger

# Until a node that has just started, or a viewer of it, has found the other one.
FIND_S = 3.0
# After each try; a busy node gets more and more of it.
PAUSES_S = (0.2, 0.4, 0.8, 1.6)


class RetryingCall:
    """Calls a Trigger that may well be called twice, and tells what it said, or that it is silent.

    A node answers into the void while it has found the end for the requests and not yet that for
    the answers, as just after either of the two has started; the middleware drops the answer then.

    Args:
        client: of the service; the caller destroys it.
        tell: is given a sentence, in the executor's thread.
        clock: steady, in seconds.

    """

    def __init__(
        self, client: Any, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._tell = tell
        self._clock = clock
        self._wanted = threading.Event()
        # What is waited for, the service itself as long as it is None, and until when.
        self._asked: Any = None
        self._until: float | None = None
        self._pauses: list[float] = []

    @property
    def waiting(self) -> bool:
        """Whether the last call has not been answered yet."""
        return self._wanted.is_set() or self._until is not None

    def call(self) -> None:
        """Have the service asked within a moment; may be called from any thread."""
        self._wanted.set()

    def look(self) -> None:
        """Do what is due; to be called every moment in the executor's thread."""
        now = self._clock()
        if self._wanted.is_set():
            self._wanted.clear()
            self._drop()
            self._pauses, self._until = list(PAUSES_S), now + FIND_S
        if self._until is None:
            return
        if self._asked is None and self._client.service_is_ready():
            self._ask(now)
        elif now >= self._until:
            self._try_again(now)

    def _ask(self, now: float) -> None:
        self._until = now + self._pauses.pop(0)
        self._asked = self._client.call_async(Trigger.Request())
        self._asked.add_done_callback(lambda done: self._end(done.result().message))

    def _try_again(self, now: float) -> None:
        name, found = self._client.srv_name, self._asked is not None
        self._drop()
        if not found:
            self._end(f'there is no service {name}: does the node run?')
        elif self._pauses:
            self._ask(now)
        else:
            self._end(f'{name} does not answer: does the node run?')

    def _end(self, sentence: str) -> None:
        self._asked = self._until = None
        self._tell(sentence)

    def _drop(self) -> None:
        """Wait no more for an answer: only the last try's is one to all that was asked before."""
        if self._asked is not None:
            self._client.remove_pending_request(self._asked)
            self._asked = None
