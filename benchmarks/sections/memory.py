"""Memory of the segmenter node at work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.report import Row
from benchmarks.rigs.process_sizes import own_mb, read_sizes
from benchmarks.rigs.stream import Setting, camera
from benchmarks.timing import isolated

TITLE = 'Memory of the segmenter node, VGA rgb8, 8 prompts'
PROMPTS = 8
RATE = 10.0
TARGET_MB = 160.0


def measure(frames: int) -> Iterator[Row]:
    """Read after so many images, while the node is alive."""
    sizes = isolated(_run, frames)
    yield Row('resident (RSS)', sizes['Rss'], 'MB', TARGET_MB, f'after {frames} images')
    if 'Pss' in sizes:
        yield Row('shared pages divided (PSS)', sizes['Pss'], 'MB')
        own = own_mb(sizes)
        yield Row('its own pages only (USS)', own, 'MB')
        yield Row('anonymous', sizes['Anonymous'], 'MB', note='heap and stacks, no files')


def _run(frames: int) -> dict[str, float]:
    with camera(Setting(prompts=PROMPTS), frames) as driver:
        driver.run(frames, RATE)
        return read_sizes(Path('/proc') / str(driver.process.pid))
