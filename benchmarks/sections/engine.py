"""What the engine adds to the runs of its network, and what the first mask costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

import numpy as np

from benchmarks.report import Row
from benchmarks.rigs import bare, cold, scene
from benchmarks.timing import isolated, medians
from picosam_ros.engines.host import HostEngine
from picosam_ros.frame import Frame
from picosam_ros.models import DEFAULT_MODEL, SENSOR_MODEL
from picosam_ros.prompt import Box, Prompt

TITLE = 'What `segment()` adds to the runs of its network, 640×480'
# The most that an answer may take, in runs of the network alone.
OVERHEAD = 1.10
# … a run of the default network, in runs of the sensor's on the same processor.
DEFAULT_OVER_SENSOR = 1.6
COLD_STARTS = 5


def measure(frames: int) -> Iterator[Row]:
    """Interleave what is compared; then start cold a few times."""
    with HostEngine(model=DEFAULT_MODEL) as engine, HostEngine(model=SENSOR_MODEL) as sensors:
        frame = scene.frame()
        for name, prompts in _answers(engine, frame).items():
            yield _overhead(engine, name, frame, prompts, frames)
        run, yardstick = medians([bare.one_run(engine), bare.one_run(sensors)], frames)
        note = f'{run:.2f} ms over {yardstick:.2f} ms'
        name = f'one run of {DEFAULT_MODEL} over one of {SENSOR_MODEL}'
        yield Row(name, run / yardstick, '×', DEFAULT_OVER_SENSOR, note)
        yield _one_by_one(sensors, 8, frames)
    yield from _cold(min(COLD_STARTS, frames))


def _answers(engine: HostEngine, frame: Frame) -> dict[str, list[Prompt]]:
    """Return what is asked for, by name."""
    [click] = scene.prompts(1)
    box = Prompt.from_box(Box(click.points[0].x - 80, 100, click.points[0].x + 80, 260))
    followed = [_followed(engine, frame, prompt) for prompt in scene.prompts(8, roi_size=192)]
    return {
        'a new click': [click],
        'a box': [box],
        'an object that is followed': followed[:1],
        'eight that are followed': followed,
    }


def _followed(engine: HostEngine, frame: Frame, prompt: Prompt) -> Prompt:
    """Return the prompt of the next frame, with an object of ordinary size."""
    mask = replace(engine.segment(frame, [prompt]).masks[0], logits=scene.blob())
    return replace(prompt, roi_size=0, previous=mask.as_previous(), square=mask.roi)


def _overhead(
    engine: HostEngine, name: str, frame: Frame, prompts: Sequence[Prompt], frames: int
) -> Row:
    feeds = bare.feeds_of(engine, frame, prompts)
    works = [lambda: engine.segment(frame, prompts), bare.runs(engine, feeds)]
    whole, alone = medians(works, frames)
    plural = 's' * (len(feeds) > 1)
    note = f'{whole:.2f} ms over {alone:.2f} ms of {len(feeds)} run{plural}'
    return Row(name, whole / alone, '×', OVERHEAD, f'{note}, threads: {engine.threads}')


def _one_by_one(engine: HostEngine, count: int, frames: int) -> Row:
    """Why the engine runs its squares one after another."""
    [feed] = bare.feeds_of(engine, scene.frame(), scene.prompts(1, roi_size=192))
    batch = {name: np.repeat(value, count, axis=0) for name, value in feed.items()}
    calls, at_once = medians(
        [bare.runs(engine, [feed] * count), bare.runs(engine, [batch])], frames
    )
    note = f'{engine.model.name} alone, {calls:.2f} ms over {at_once:.2f} ms'
    name = f'{count} squares one by one over one batch of {count}'
    return Row(name, calls / at_once, '×', note=note)


def _cold(starts: int) -> Iterator[Row]:
    cold_starts = [isolated(cold.start) for _ in range(starts)]
    notes = {
        'import': 'NumPy, OpenCV, ONNX Runtime and the package',
        'open': 'check the hash, load, run a few times',
        'first mask': 'of a new click',
    }
    for stage, note in notes.items():
        value = median(start[stage] for start in cold_starts)
        yield Row(f'fresh process: {stage}', value, 'ms', note=note)
