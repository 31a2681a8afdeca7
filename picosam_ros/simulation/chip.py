"""What a sensor, its kernel driver and the cache before it remember while processes come and go."""

from __future__ import annotations

import mmap
import os
import weakref
import zlib

# Bytes of the sensor's own firmware (loader, main) and of the network, roughly.
UPLOADS = (120_000, 1_400_000, 3_550_000)

NO_NETWORK = 0

MAX_INT64 = 2**63 - 1


class Word:
    """One whole number of a chip, 64 bits with a sign, at an index into its memory."""

    def __init__(self, index: int) -> None:
        self._index = index

    def __get__(self, chip: Chip, owner: type[Chip]) -> int:
        return chip.words[self._index]

    def __set__(self, chip: Chip, value: int) -> None:
        chip.words[self._index] = min(value, MAX_INT64)


class Chip:
    """The state of one simulated sensor that outlives a process, in anonymous shared memory.

    Forks share it, and so does every process that attaches to its file descriptor. One process at a
    time has the camera, which holds a lock on the descriptor; any number may read. Moments are
    those of CLOCK_MONOTONIC, which is the same in all processes of a machine.

    Attributes:
        frames: exposed so far, over all streams.
        roi_writes: so far, refused ones among them.
        starts: of the stream so far, failed ones among them.
        failing_until_ns: until then each start fails.
        upload_begin_ns, upload_end_ns: of the newest upload of a network; 0 before the first.
        network: fingerprint of what the sensor runs; NO_NETWORK if it only sends images.
        cached: fingerprint of what the microcontroller before the sensor (an RP2040) keeps, so
            that it need not come from the host again; NO_NETWORK if nothing.

    Args:
        fd: of the memory; the chip owns it.

    """

    frames = Word(0)
    roi_writes = Word(1)
    starts = Word(2)
    failing_until_ns = Word(3)
    upload_begin_ns = Word(4)
    upload_end_ns = Word(5)
    network = Word(6)
    cached = Word(7)
    SIZE = 8 * 8

    def __init__(self, fd: int) -> None:
        self.fd = fd
        weakref.finalize(self, os.close, fd)
        self.words = memoryview(mmap.mmap(fd, self.SIZE)).cast('q')

    @classmethod
    def create(cls) -> Chip:
        """Make one that has just been powered on."""
        fd = os.memfd_create('picosam_chip')
        os.ftruncate(fd, cls.SIZE)
        return cls(fd)

    @classmethod
    def attach(cls, fd: int) -> Chip:
        """Share the one behind `fd`, which stays the caller's.

        Raises:
            OSError: there is no such descriptor.
            ValueError: it is of something smaller.

        """
        return cls(os.dup(fd))

    def upload_progress(self, now_ns: int) -> tuple[int, int, int]:
        """Return stage (0 loader, 1 main, 2 network), bytes and total of the newest upload.

        All are 0 before the first.
        """
        begin_ns, end_ns = self.upload_begin_ns, self.upload_end_ns
        if not begin_ns:
            return 0, 0, 0
        done = sum(UPLOADS)
        # The moment may lie before an upload that began meanwhile, and that took no time.
        if now_ns < end_ns:
            done = done * max(now_ns - begin_ns, 0) // max(end_ns - begin_ns, 1)
        for stage, size in enumerate(UPLOADS[:-1]):
            if done < size:
                return stage, done, size
            done -= size
        return len(UPLOADS) - 1, done, UPLOADS[-1]


def fingerprint(network_name: str) -> int:
    """Return the number by which a chip knows a network; never NO_NETWORK."""
    return 1 + zlib.crc32(network_name.encode())
