"""The newest thing wins: a slot between threads, and a thread that works on what is in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar('T')


class NewestSlot(Generic[T]):
    """Room for one thing between threads: the newest replaces the one that nobody took.

    Attributes:
        dropped: things that were replaced before they were taken.

    """

    def __init__(self) -> None:
        self.dropped = 0
        self._changed = threading.Condition()
        self._thing: T | None = None
        self._failure: Exception | None = None
        self._closed = False

    def put(self, thing: T) -> T | None:
        """Store a thing; never blocks.

        Returns:
            What nobody will take: the thing that was replaced, or this one if the slot is closed.

        """
        with self._changed:
            if self._closed:
                return thing
            replaced, self._thing = self._thing, thing
            self.dropped += replaced is not None
            self._changed.notify_all()
            return replaced

    def fail(self, error: Exception) -> None:
        """Make `take` raise this error once nothing is left to take."""
        with self._changed:
            self._failure = error
            self._changed.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait up to `timeout` seconds; return whether there is a thing to take."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._thing is not None or self._failure or self._closed, timeout
            )
            return self._thing is not None

    def take(self, timeout: float | None = None) -> T | None:
        """Wait up to `timeout` seconds, without one for ever, and remove the thing.

        Returns:
            The thing; None after the timeout, or when the slot is closed.

        Raises:
            Exception: the error that was given to `fail`.

        """
        with self._changed:
            self.wait(timeout)
            thing, self._thing = self._thing, None
            if thing is None and self._failure is not None and not self._closed:
                raise self._failure
            return thing

    def close(self) -> T | None:
        """End all waits, accept nothing more, and return what was left."""
        with self._changed:
            self._closed = True
            left, self._thing = self._thing, None
            self._changed.notify_all()
            return left

    def reopen(self) -> None:
        """Accept things again after `close`."""
        with self._changed:
            self._closed = False


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
        self._work = work
        self._on_error = on_error
        self._slot: NewestSlot[tuple[T, float]] = NewestSlot()
        self._slot.close()
        self._thread: threading.Thread | None = None

    @property
    def dropped(self) -> int:
        """Things that were replaced before `work` took them; can be set, to count anew."""
        return self._slot.dropped

    @dropped.setter
    def dropped(self, count: int) -> None:
        self._slot.dropped = count

    def start(self) -> None:
        """Begin; a second call does nothing."""
        if self._thread is not None:
            return
        self._slot.reopen()
        self._thread = threading.Thread(target=self._loop, name='picosam_worker', daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish what is being worked on, forget what waits, and return then."""
        self._slot.close()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def offer(self, thing: T) -> None:
        """Put it into the slot; never waits for `work`."""
        self._slot.put((thing, time.perf_counter()))

    def _loop(self) -> None:
        while (taken := self._slot.take()) is not None:
            thing, offered = taken
            try:
                self._work(thing, 1e3 * (time.perf_counter() - offered))
            except Exception as error:  # noqa: BLE001 - the owner decides; a dead thread is silent
                self._on_error(error)
