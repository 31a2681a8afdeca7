"""Memory that a process shares with the child that runs its camera: one image, and a progress."""

from __future__ import annotations

import mmap
import os
import struct

import numpy as np

from picosam_ros.frame import Pixels

# Room for the largest image of an IMX500. Only pages that were written take up memory.
CAPACITY = 3 * 4056 * 3040

_PROGRESS = struct.Struct('<qq')


class SharedMemory:
    """Has no name: it is gone with the last process that has it.

    Args:
        fd: its file descriptor; it stays the caller's.

    """

    def __init__(self, fd: int) -> None:
        self._map = mmap.mmap(fd, CAPACITY + _PROGRESS.size)

    @staticmethod
    def create() -> int:
        """Return the file descriptor of a new one."""
        fd = os.memfd_create('picosam_camera')
        os.ftruncate(fd, CAPACITY + _PROGRESS.size)
        return fd

    def write(self, pixels: Pixels) -> None:
        """Write an H×W×3 uint8 image."""
        np.copyto(self._view(pixels.shape), pixels)

    def read(self, shape: tuple[int, ...]) -> Pixels:
        """Return a copy of the H×W×3 uint8 image."""
        return self._view(shape).copy()

    @property
    def progress(self) -> tuple[int, int]:
        """Bytes that are done, and all of them; 0 if not known, also after `close`."""
        try:
            done, total = _PROGRESS.unpack_from(self._map, CAPACITY)
        except ValueError:  # Closed, while another thread asks.
            return 0, 0
        return done, total

    @progress.setter
    def progress(self, progress: tuple[int, int]) -> None:
        _PROGRESS.pack_into(self._map, CAPACITY, *progress)

    def close(self) -> None:
        """Give it up; images that were read stay."""
        self._map.close()

    def _view(self, shape: tuple[int, ...]) -> Pixels:
        count = int(np.prod(shape))
        return np.frombuffer(self._map, np.uint8, count).reshape(shape)
