"""Memory, threads and files of a process and of those that it started, as the kernel has them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MB = 1e6


@dataclass(frozen=True)
class Footprint:
    """What a process holds, together with its children and theirs.

    Attributes:
        memory_mb: the pages that no other process has (USS), summed.
        threads, files: summed.

    """

    memory_mb: float
    threads: int
    files: int


def read_sizes(process: Path) -> dict[str, float]:
    """Fields of smaps_rollup in MB; only 'Rss' where the kernel does not show that file."""
    rollup = process / 'smaps_rollup'
    if rollup.is_file():
        return _fields(rollup.read_text(encoding='ascii').splitlines()[1:])
    status = _fields((process / 'status').read_text(encoding='utf-8').splitlines())
    return {'Rss': status['VmRSS']}


def own_mb(sizes: dict[str, float]) -> float:
    """Of `read_sizes` what no other process has, in MB; all where the kernel tells no more."""
    if 'Private_Dirty' not in sizes:
        return sizes['Rss']
    return sizes['Private_Clean'] + sizes['Private_Dirty']


def footprint(pid: int, *, children: bool = True) -> Footprint:
    """Read what a process and all below it hold; one that ends meanwhile is left out."""
    memory_mb, threads, files = 0.0, 0, 0
    for process in tree(pid) if children else [Path('/proc') / str(pid)]:
        # ProcessLookupError: it ended while its file was open. PermissionError: it has ended.
        with suppress(OSError, IndexError):
            sizes = read_sizes(process)
            own_threads = len(list((process / 'task').iterdir()))
            own_files = len(list((process / 'fd').iterdir()))
            memory_mb += own_mb(sizes)
            threads, files = threads + own_threads, files + own_files
    return Footprint(memory_mb, threads, files)


def tree(pid: int) -> Iterator[Path]:
    """Give the folder in /proc of a process and of all below it, parents first."""
    process = Path('/proc') / str(pid)
    yield process
    with suppress(OSError):
        for task in (process / 'task').iterdir():
            for child in (task / 'children').read_text(encoding='ascii').split():
                yield from tree(int(child))


def _fields(lines: list[str]) -> dict[str, float]:
    """Lines such as "Rss:   1234 kB"."""
    words = [line.split() for line in lines if line.endswith(' kB')]
    return {name.rstrip(':'): 1024 * int(size) / MB for name, size, _ in words}
