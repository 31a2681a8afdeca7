"""Memory of the segmenter node at work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.report import Row
from benchmarks.stream import Setting, camera
from benchmarks.timing import isolated

TITLE = 'Memory of the segmenter node, VGA rgb8, 8 prompts'
PROMPTS = 8
RATE = 10.0
TARGET_MB = 200.0
MB = 1e6


def measure(frames: int) -> Iterator[Row]:
    """Read after so many images, while the node is alive."""
    sizes = isolated(_run, frames)
    yield Row('resident (RSS)', sizes['Rss'], 'MB', TARGET_MB, f'after {frames} images')
    if 'Pss' in sizes:
        yield Row('shared pages divided (PSS)', sizes['Pss'], 'MB')
        own = sizes['Private_Clean'] + sizes['Private_Dirty']
        yield Row('its own pages only (USS)', own, 'MB')
        yield Row('anonymous', sizes['Anonymous'], 'MB', note='heap and stacks, no files')


def _run(frames: int) -> dict[str, float]:
    with camera(Setting(prompts=PROMPTS), frames) as driver:
        driver.run(frames, RATE)
        return read_sizes(Path('/proc') / str(driver.process.pid))


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
