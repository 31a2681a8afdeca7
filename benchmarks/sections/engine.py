"""What the engine adds to the bare ONNX Runtime call, and what the first mask costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median

import numpy as np

from benchmarks.report import Row
from benchmarks.rigs import cold, scene
from benchmarks.timing import isolated, medians
from picosam_ros.engines.host import HostEngine
from picosam_ros.prompt import Prompt

TITLE = 'What `segment()` adds to the bare ONNX Runtime call, 640×480'
# Objects in a frame to the most that `segment()` may take, in bare calls.
TARGETS = {1: 1.15, 8: 1.10}
ROI_SIZES = {'ROI of 192 px, shrunk': 192, 'ROI of native 96 px': scene.NETWORK}
COLD_STARTS = 5


def measure(frames: int) -> Iterator[Row]:
    """Interleave `segment()` and the bare call; then start cold a few times."""
    with HostEngine() as engine:
        for count, target in TARGETS.items():
            for name, roi_size in ROI_SIZES.items():
                what = f'{count} prompt{"s" * (count > 1)}, {name}'
                yield _overhead(engine, what, scene.prompts(count, roi_size), target, frames)
        yield _one_by_one(engine, max(TARGETS), frames)
    yield from _cold(min(COLD_STARTS, frames))


def bare_call(engine: HostEngine, count: int) -> Callable[[], object]:
    """Return a call of the engine's own session, so with the same options, on a ready batch."""
    session = engine._network.session  # noqa: SLF001
    source, target = session.get_inputs()[0].name, session.get_outputs()[0].name
    shape = (count, scene.NETWORK, scene.NETWORK, 3)
    batch = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    return lambda: session.run([target], {source: batch})


def _overhead(
    engine: HostEngine, name: str, prompts: list[Prompt], target: float, frames: int
) -> Row:
    frame = scene.frame()
    works = [lambda: engine.segment(frame, prompts), _calls(engine, len(prompts))]
    whole, bare = medians(works, frames)
    note = f'{whole:.2f} ms over {bare:.2f} ms, threads: {engine.threads}'
    return Row(name, whole / bare, '×', target, note)


def _one_by_one(engine: HostEngine, count: int, frames: int) -> Row:
    """Why the engine runs its squares one after another."""
    calls, batch = medians([_calls(engine, count), bare_call(engine, count)], frames)
    note = f'bare calls, {calls:.2f} ms over {batch:.2f} ms'
    name = f'{count} squares one by one over one batch of {count}'
    return Row(name, calls / batch, '×', note=note)


def _calls(engine: HostEngine, count: int) -> Callable[[], object]:
    """As many bare calls on one square each."""
    call = bare_call(engine, 1)
    return lambda: [call() for _ in range(count)]


def _cold(starts: int) -> Iterator[Row]:
    runs = [isolated(cold.start) for _ in range(starts)]
    notes = {
        'import': 'NumPy, OpenCV, ONNX Runtime and the package',
        'open': 'check the hash, load, run three times',
        'first mask': 'of the open engine',
    }
    for stage, note in notes.items():
        yield Row(f'fresh process: {stage}', median(run[stage] for run in runs), 'ms', note=note)
