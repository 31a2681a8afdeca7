"""What makes images travel fast between Python processes, applied before a node exists.

`make bench ARGS='--only transport'` prints what it brings on your machine: without the
shared-memory profile most best-effort VGA images are lost. Tuned malloc spares each image an mmap
and its page faults; whether that shows in the latency differs from machine to machine.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from pathlib import Path

import rclpy
from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from rclpy.executors import Executor, SingleThreadedExecutor

# Fast DDS 2 (Humble, Jazzy) reads the first, Fast DDS 3 (Kilted and later) the second. Given
# both, version 3 reads the file twice and prints errors about what clashes.
PROFILE_VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')

# glibc's mallopt(3).
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_TRIM_BYTES, _MMAP_BYTES = 64 << 20, 32 << 20

_SPIN_SECONDS = 0.1


def prepare() -> None:
    """Tune this process; call it before rclpy.init()."""
    tune_malloc()
    use_shipped_profile()


def tune_malloc() -> bool:
    """Keep image-sized blocks in the heap: each would cost an mmap and its page faults else.

    What the user set (MALLOC_MMAP_THRESHOLD_) stands. Returns whether it was done: only glibc
    has this call.
    """
    if 'MALLOC_MMAP_THRESHOLD_' in os.environ:
        return False
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    if mallopt is None:
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _MMAP_BYTES) and mallopt(_M_TRIM_THRESHOLD, _TRIM_BYTES))


def trim_malloc() -> bool:
    """Give what loading left behind back to the system; tuned malloc would keep it.

    Returns whether it was done: only glibc has this call.
    """
    trim = getattr(ctypes.CDLL(None), 'malloc_trim', None)
    return trim is not None and bool(trim(0))


def use_shipped_profile() -> Path | None:
    """Point Fast DDS to config/fastdds.xml, unless the user set a profile or transports.

    Returns the file, or None if it is not used.
    """
    if any(name in os.environ for name in (*PROFILE_VARIABLES, 'FASTDDS_BUILTIN_TRANSPORTS')):
        return None
    profile = _share('picosam_ros') / 'config' / 'fastdds.xml'
    if not profile.is_file():
        return None
    has_version_3 = (_share('rmw_fastrtps_cpp').parent / 'fastdds').is_dir()
    os.environ[PROFILE_VARIABLES[has_version_3]] = str(profile)
    return profile


def _share(package: str) -> Path:
    try:
        return Path(get_package_share_directory(package))
    except (PackageNotFoundError, OSError):  # a virtual environment that nobody sourced
        return Path(sys.prefix) / 'share' / package


def make_executor() -> Executor:
    """The events executor where rclpy has one (it is the fastest), else the single-threaded."""
    try:
        from rclpy.experimental import EventsExecutor
    except ImportError:
        return SingleThreadedExecutor()
    return EventsExecutor()


def spin(executor: Executor, *, until: Callable[[], bool] = lambda: False) -> None:
    """Serve callbacks until `until` says so or ROS shuts down.

    A loop of `spin_once`, because `EventsExecutor.spin` of Jazzy and Kilted is busy without
    calling anything.
    """
    while rclpy.ok() and not until():
        executor.spin_once(timeout_sec=_SPIN_SECONDS)
