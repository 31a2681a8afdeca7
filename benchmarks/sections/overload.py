"""Images at three times the rate that the engine can answer."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.report import Row
from benchmarks.rigs import bare
from benchmarks.rigs.samples import Sample, Samples
from benchmarks.rigs.stream import Setting, camera
from benchmarks.timing import isolated, medians
from picosam_ros.engines.host import HostEngine
from picosam_ros.prompts.store import MAX_PROMPTS

TITLE = 'Overload: images at three times the rate that the engine can answer'
FACTOR = 3
PERIOD_MS = 40.0  # what the engine shall take for an image
TARGET_PERIODS = 2.0
CALIBRATION_RATE = 10.0
AGES = (
    ('median age', 50, None),
    ('95th percentile of the age', 95, None),
    ('greatest age', 100, TARGET_PERIODS),
)


def measure(frames: int) -> Iterator[Row]:
    """Age of the masks when they arrive, in engine periods."""
    prompts = prompts_for(PERIOD_MS)
    rate, samples = isolated(_run, prompts, frames)
    period = samples.percentile(_work)
    yield Row('engine period', period, 'ms', note=f'{prompts} prompts; images at {rate:.0f} Hz')
    for name, percent, target in AGES:
        age = samples.percentile(lambda sample: sample.age_ms, percent)
        yield Row(name, age / period, 'periods', target, f'{age:.1f} ms')
    yield Row('answered', len(samples.answered), note=f'of {samples.sent} images')
    yield Row('replaced by a newer one', samples.replaced)
    yield Row('lost', samples.lost, '', 0)


def prompts_for(period_ms: float) -> int:
    """How many objects keep the engine busy for so long."""
    with HostEngine() as engine:
        [each] = medians([bare.one_run(engine)], 20)
    return min(max(round(period_ms / each), 1), MAX_PROMPTS)


def _run(prompts: int, frames: int) -> tuple[float, Samples]:
    with camera(Setting(prompts=prompts), frames) as driver:
        easy = driver.run(min(frames, 50), CALIBRATION_RATE)
        rate = FACTOR * 1e3 / easy.percentile(_work)
        return rate, driver.run(FACTOR * frames, rate)


def _work(sample: Sample) -> float:
    return sample.work_ms
