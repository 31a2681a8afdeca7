"""One heap for all threads of a node."""

from __future__ import annotations

import ctypes
import os

_M_ARENA_MAX = -8  # glibc's mallopt(3)


def share_one_heap() -> bool:
    """Keep glibc from giving threads heaps of their own.

    Every activation of a node starts new threads, and the holes that images leave in each heap
    add up to megabytes. It must happen before a library starts the first thread.

    What the user set (MALLOC_ARENA_MAX) stands. Returns whether it was done: only glibc has this.
    """
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    if mallopt is None or 'MALLOC_ARENA_MAX' in os.environ:
        return False
    return bool(mallopt(_M_ARENA_MAX, 1))
