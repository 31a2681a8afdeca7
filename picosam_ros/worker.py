"""The newest frame wins: one slot, one thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar('T')


class Worker(Generic[T]):
    """Hands the newest thing that was offered to `work`, in a thread of its own.

    What is offered while `work` runs waits in a single slot, and is replaced (and counted as
    dropped) by what comes after it. So latency stays below two periods of `work`, however fast
    things arrive.

    Args:
        work: called with the thing and the milliseconds that it waited.
        on_error: called with what `work` raised; the thread goes on with the next thing.

    """

    def __init__(
        self, work: Callable[[T, float], None], on_error: Callable[[Exception], None]
    ) -> None:
        self.dropped = 0
        self._work = work
        self._on_error = on_error
        self._slot: tuple[T, float] | None = None
        self._running = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; a second call does nothing."""
        with self._changed:
            if self._running:
                return
            self._running = True
        self._thread = threading.Thread(target=self._loop, name='picosam_worker', daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish what is being worked on, forget what waits, and return then."""
        with self._changed:
            self._running = False
            self._slot = None
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def offer(self, thing: T) -> None:
        """Put it into the slot; never waits for `work`."""
        with self._changed:
            if not self._running:
                return
            self.dropped += self._slot is not None
            self._slot = (thing, time.perf_counter())
            self._changed.notify()

    def _loop(self) -> None:
        while (taken := self._take()) is not None:
            thing, offered = taken
            try:
                self._work(thing, 1e3 * (time.perf_counter() - offered))
            except Exception as error:  # noqa: BLE001 - the owner decides; a dead thread is silent
                self._on_error(error)

    def _take(self) -> tuple[T, float] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._slot is not None or not self._running)
            taken, self._slot = self._slot, None
            return taken if self._running else None
