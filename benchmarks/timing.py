"""Calls timed with the steady clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median
from typing import Any, TypeVar

T = TypeVar('T')


def milliseconds(work: Callable[[], object]) -> float:
    """How long one call took."""
    start = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - start)


def medians(works: Sequence[Callable[[], object]], calls: int) -> list[float]:
    """Median milliseconds of each, called in turns so that all see the same machine.

    The order changes from round to round: the second one finds warmer caches.
    """
    times: list[list[float]] = [[] for _ in works]
    for number in range(calls):
        order = range(len(works))
        for index in order if number % 2 else reversed(order):
            times[index].append(milliseconds(works[index]))
    return [median(each) for each in times]


def median_of_new(make: Callable[[], T], work: Callable[[T], object], calls: int) -> float:
    """Median milliseconds of `work` on values that are made anew for each call, untimed."""
    times = []
    for _ in range(calls):
        value = make()
        times.append(milliseconds(lambda value=value: work(value)))
    return median(times)


def isolated(work: Callable[..., T], *arguments: Any) -> T:
    """Call it in a fresh process and return what it returned, or raise what it raised."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context('spawn')) as pool:
        return pool.submit(work, *arguments).result()
