"""Memory of a process, as the kernel reports it."""

from __future__ import annotations

from pathlib import Path

MB = 1e6


def read_sizes(process: Path) -> dict[str, float]:
    """Fields of smaps_rollup in MB; only 'Rss' where the kernel does not show that file."""
    rollup = process / 'smaps_rollup'
    if rollup.is_file():
        return _fields(rollup.read_text(encoding='ascii').splitlines()[1:])
    status = _fields((process / 'status').read_text(encoding='utf-8').splitlines())
    return {'Rss': status['VmRSS']}


def _fields(lines: list[str]) -> dict[str, float]:
    """Lines such as "Rss:   1234 kB"."""
    words = [line.split() for line in lines if line.endswith(' kB')]
    return {name.rstrip(':'): 1024 * int(size) / MB for name, size, _ in words}
