"""What takes longer than a moment runs in three threads, each with what it alone may use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from picosam_ros.label_pages.bodies import Refused

# Clicks that wait for the engine; a person clicks no faster.
MOST_WAITING = 16

Result = TypeVar('Result')


class PageThreads:
    """One thread for answers and their file, one for images, one for the engine.

    Attributes:
        waiting: clicks that have no answer yet.

    """

    def __init__(self) -> None:
        self.waiting = 0
        self._answers = ThreadPoolExecutor(1, 'picosam_answers')
        self._images = ThreadPoolExecutor(1, 'picosam_images')
        self._engine = ThreadPoolExecutor(1, 'picosam_engine')

    async def answer(self, function: Callable[..., Result], *given: Any) -> Result:
        """Call a function in the thread of the answers; what it raises is raised here."""
        return await _in(self._answers, function, *given)

    async def read(self, function: Callable[..., Result], *given: Any) -> Result:
        """Call a function in the thread of the images."""
        return await _in(self._images, function, *given)

    async def compute(self, function: Callable[..., Result], *given: Any) -> Result:
        """Call a function in the thread of the engine."""
        return await _in(self._engine, function, *given)

    @contextmanager
    def click(self) -> Iterator[None]:
        """Count a click until it is answered. Raises Refused if too many wait."""
        if self.waiting >= MOST_WAITING:
            raise Refused(429, 'too many clicks at once; wait until those before are answered')
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1

    def end(self) -> None:
        """Wait until each thread has ended; what has not begun is not done."""
        for pool in (self._answers, self._images, self._engine):
            pool.shutdown(wait=True, cancel_futures=True)


async def _in(pool: ThreadPoolExecutor, function: Callable[..., Result], *given: Any) -> Result:
    return await asyncio.get_running_loop().run_in_executor(pool, function, *given)
