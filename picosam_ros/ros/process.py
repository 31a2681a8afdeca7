"""Set up the process of a node: its heap, its transport, its executor.

`make bench ARGS='--only transport'` prints what it brings on your machine: without the
shared-memory profile most best-effort VGA images are lost. Tuned malloc saves each image an mmap
and its page faults; whether that shows in the latency differs from machine to machine.

rclpy is imported at use: it imports NumPy, and `share_one_heap` comes before that.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ament_index_python.packages import PackageNotFoundError, get_package_prefix

if TYPE_CHECKING:
    from rclpy.executors import Executor

# Fast DDS 2 (Humble, Jazzy) reads the first, Fast DDS 3 (Kilted and later) the second. Given
# both, version 3 reads the file twice and prints errors about what clashes.
PROFILE_VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')

# What a process sends decides how much shared memory it holds.
SENDS_IMAGES, SENDS_MASKS = 'fastdds.xml', 'fastdds_masks.xml'

# glibc's mallopt(3).
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_TRIM_BYTES, _MMAP_BYTES = 64 << 20, 32 << 20

_SPIN_SECONDS = 0.1
# After an error, so that one that repeats leaves the processor to others.
_PAUSE_SECONDS = 0.05


def share_one_heap() -> bool:
    """Keep glibc from creating a heap for each thread; call it before NumPy starts threads.

    Every activation of a node starts new threads, and the holes that images leave in each heap
    add up to megabytes.

    What the user set (MALLOC_ARENA_MAX) stands. Returns whether it was done: only glibc has
    mallopt.
    """
    if 'MALLOC_ARENA_MAX' in os.environ:
        return False
    return _mallopt(_M_ARENA_MAX, 1)


def prepare(profile: str = SENDS_IMAGES) -> None:
    """Tune this process; call it before rclpy.init().

    Args:
        profile: SENDS_IMAGES or SENDS_MASKS; the processes that this one starts inherit it.

    """
    tune_malloc()
    use_shipped_profile(profile)


def tune_malloc() -> bool:
    """Keep image-sized blocks in the heap; otherwise each costs an mmap and its page faults.

    What the user set (MALLOC_MMAP_THRESHOLD_) stands. Returns whether it was done: only glibc
    has mallopt.
    """
    if 'MALLOC_MMAP_THRESHOLD_' in os.environ:
        return False
    return _mallopt(_M_MMAP_THRESHOLD, _MMAP_BYTES) and _mallopt(_M_TRIM_THRESHOLD, _TRIM_BYTES)


def _mallopt(parameter: int, value: int) -> bool:
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    return mallopt is not None and bool(mallopt(parameter, value))


def trim_malloc() -> bool:
    """Return unused memory to the system, as after loading an engine; tuned malloc keeps it.

    Returns whether it was done: only glibc has malloc_trim.
    """
    trim = getattr(ctypes.CDLL(None), 'malloc_trim', None)
    return trim is not None and bool(trim(0))


def use_shipped_profile(name: str = SENDS_IMAGES) -> Path | None:
    """Point Fast DDS to a file of config/, unless the user set a profile or transports.

    Returns the file, or None if it is not used.
    """
    if any(name in os.environ for name in (*PROFILE_VARIABLES, 'FASTDDS_BUILTIN_TRANSPORTS')):
        return None
    profile = _share('picosam_ros') / 'config' / name
    if not profile.is_file():
        return None
    has_version_3 = (_share('rmw_fastrtps_cpp').parent / 'fastdds').is_dir()
    os.environ[PROFILE_VARIABLES[has_version_3]] = str(profile)
    return profile


def package_prefix(package: str) -> Path:
    """Return the folder whose lib/ and share/ hold an installed ROS package."""
    try:
        return Path(get_package_prefix(package))
    except (PackageNotFoundError, OSError):  # a virtual environment that nobody sourced
        return Path(sys.prefix)


def _share(package: str) -> Path:
    return package_prefix(package) / 'share' / package


def make_executor() -> Executor:
    """Return the events executor where rclpy has one (the fastest), else the single-threaded."""
    try:
        from rclpy.experimental import EventsExecutor
    except ImportError:
        from rclpy.executors import SingleThreadedExecutor

        return SingleThreadedExecutor()
    return EventsExecutor()


def spin(
    executor: Executor,
    *,
    until: Callable[[], bool] = lambda: False,
    on_error: Callable[[Exception], None],
) -> None:
    """Serve callbacks until `until` returns true or ROS shuts down.

    A loop of `spin_once`, because `EventsExecutor.spin` of Jazzy and Kilted is busy without
    calling anything.

    Args:
        executor: serves nodes.
        until: asked after each round.
        on_error: see `serve`.

    """
    import rclpy

    while rclpy.ok() and not until():
        serve(executor, _SPIN_SECONDS, on_error)


def serve(executor: Executor, timeout_s: float, on_error: Callable[[Exception], None]) -> None:
    """Serve what is ready, or becomes so within `timeout_s` seconds.

    Args:
        executor: serves nodes, whose own callbacks raise nothing (see GuardedNode).
        timeout_s: in seconds.
        on_error: takes what the executor itself raises, such as for a message that cannot be read.

    """
    from rclpy.exceptions import InvalidHandle
    from rclpy.executors import ExternalShutdownException, ShutdownException

    try:
        executor.spin_once(timeout_sec=timeout_s)
    except (ExternalShutdownException, ShutdownException):
        pass  # the loops around this ask rclpy.ok()
    except InvalidHandle:
        pass  # an event of what a callback has just destroyed
    except Exception as error:  # noqa: BLE001 - told and counted by who asked; the loop goes on
        on_error(error)
        time.sleep(_PAUSE_SECONDS)
