"""A service that is asked again when no answer comes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from std_srvs.srv import Trigger

PATIENCE_S = 1.0
TRIES = 3


class PatientCall:
    """Calls a Trigger that may well be called twice, and tells what it said, or that it is silent.

    A node answers into the void while it has found the end for the requests and not yet that for
    the answers, as just after either of the two has started; the middleware drops the answer then.

    Args:
        client: of the service; the caller destroys it.
        tell: is given a sentence, in the executor's thread or in that of `call`.
        clock: steady, in seconds.

    """

    def __init__(
        self, client: Any, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._tell = tell
        self._clock = clock
        # What is waited for, until when, and how often it may be asked again.
        self._waiting: tuple[Any, float, int] | None = None

    def call(self) -> None:
        """Ask, if the service is there."""
        if not self._client.service_is_ready():
            self._tell(f'there is no service {self._client.srv_name}: does the node run?')
            return
        self._ask(TRIES - 1)

    def look(self) -> None:
        """Ask again where it is time to; to be called every moment in the executor's thread."""
        if self._waiting is None:
            return
        future, until, left = self._waiting
        if future.done():
            self._waiting = None
        elif self._clock() >= until:
            self._waiting = None
            self._client.remove_pending_request(future)
            if left:
                self._ask(left - 1)
            else:
                self._tell(f'{self._client.srv_name} does not answer: does the node run?')

    def _ask(self, left: int) -> None:
        future = self._client.call_async(Trigger.Request())
        future.add_done_callback(lambda done: self._tell(done.result().message))
        self._waiting = future, self._clock() + PATIENCE_S, left
