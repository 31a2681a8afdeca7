"""The newest item wins: a slot between threads, and a thread that works on what is in it."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar('T')

_LOGGER = logging.getLogger(__name__)


class NewestSlot(Generic[T]):
    """Room for one item between threads: the newest replaces the one that nobody took.

    Attributes:
        dropped: items that were replaced before they were taken.

    """

    def __init__(self) -> None:
        self.dropped = 0
        self._changed = threading.Condition()
        self._item: T | None = None
        self._failure: Exception | None = None
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether it accepts nothing now."""
        return self._closed

    def put(self, item: T) -> T | None:
        """Store an item; never blocks.

        Returns:
            What nobody will take: the item that was replaced, or this one if the slot is closed.

        """
        with self._changed:
            if self._closed:
                return item
            replaced, self._item = self._item, item
            self.dropped += replaced is not None
            self._changed.notify_all()
            return replaced

    def fail(self, error: Exception) -> None:
        """Make `take` raise this error once nothing is left to take."""
        with self._changed:
            self._failure = error
            self._changed.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait up to `timeout` seconds; return whether there is an item to take."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._item is not None or self._failure or self._closed, timeout
            )
            return self._item is not None

    def take(self, timeout: float | None = None) -> T | None:
        """Wait up to `timeout` seconds, without one for ever, and remove the item.

        Returns:
            The item; None after the timeout, or when the slot is closed.

        Raises:
            Exception: the error that was given to `fail`.

        """
        with self._changed:
            self.wait(timeout)
            item, self._item = self._item, None
            if item is None and self._failure is not None and not self._closed:
                raise self._failure
            return item

    def close(self) -> T | None:
        """End all waits, accept nothing more, and return what was left."""
        with self._changed:
            self._closed = True
            left, self._item = self._item, None
            self._changed.notify_all()
            return left

    def reopen(self) -> None:
        """Accept items again after `close`."""
        with self._changed:
            self._closed = False


class TurnLock:
    """A lock that threads get in the order in which they asked for it; for a `with` statement.

    With threading.Lock a thread that releases and takes it again at once keeps others out.
    """

    def __init__(self) -> None:
        self._state = threading.Lock()
        self._held = False
        self._waiting: deque[threading.Lock] = deque()

    @property
    def wanted(self) -> bool:
        """Whether a thread waits for it."""
        return bool(self._waiting)

    def __enter__(self) -> None:
        with self._state:
            if not self._held:
                self._held = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        try:
            turn.acquire()
        except BaseException:  # Ctrl-C: the turn must not be given to who has left.
            self._leave(turn)
            raise

    def __exit__(self, *_: object) -> None:
        with self._state:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False

    def give_way(self) -> None:
        """Let those who wait have it first; return with it."""
        self.__exit__()
        self.__enter__()

    def _leave(self, turn: threading.Lock) -> None:
        with self._state:
            waits = turn in self._waiting
            if waits:
                self._waiting.remove(turn)
        if not waits:
            self.__exit__()


class Worker(Generic[T]):
    """Hands the newest item that was offered to `work`, in a thread of its own.

    What is offered while `work` runs waits in a single slot, and is replaced (and counted as
    dropped) by what comes after it. So latency stays below two periods of `work`, however fast
    items arrive.

    Args:
        work: called with the item and the milliseconds that it waited.
        on_error: called with what `work` raised; the thread goes on with the next item. What it
            raises itself is logged.

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
        """Items that were replaced before `work` took them; can be set, to count anew."""
        return self._slot.dropped

    @dropped.setter
    def dropped(self, count: int) -> None:
        self._slot.dropped = count

    def start(self) -> None:
        """Begin; a second call does nothing."""
        if self._thread is not None:
            return
        self._slot.reopen()
        thread = threading.Thread(target=self._loop, name='picosam_worker', daemon=True)
        thread.start()
        self._thread = thread

    def stop(self) -> None:
        """Finish what is being worked on, forget what waits, and return then."""
        self._slot.close()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def offer(self, item: T) -> None:
        """Put it into the slot; never waits for `work`."""
        self._slot.put((item, time.perf_counter()))

    def _loop(self) -> None:
        while (taken := self._slot.take()) is not None:
            item, offered = taken
            try:
                self._work(item, 1e3 * (time.perf_counter() - offered))
            except Exception as error:  # noqa: BLE001 - the owner decides; a dead thread is silent
                self._report(error)

    def _report(self, error: Exception) -> None:
        try:
            self._on_error(error)
        except Exception:
            _LOGGER.exception('a worker could not report %r', error)
