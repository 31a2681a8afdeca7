"""From an image published in one process to its masks received in another one."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median, quantiles

from benchmarks.report import Row
from benchmarks.samples import Samples
from benchmarks.stream import Setting, run
from benchmarks.timing import isolated

TITLE = 'Image published in one process to masks received in another, VGA rgb8, 1 prompt'
OVERHEAD_TARGET_MS = 1.5

# Publish, transport and wake-up; the rest of the age is the way back.
STAGES = ('receive', 'queue', 'preprocess', 'decode', 'publish')
VARIANTS = {
    'as shipped': Setting(best_effort=True),
    'without config/fastdds.xml': Setting(best_effort=True, profile=False),
    'without tuned malloc': Setting(best_effort=True, malloc=False),
    'without both': Setting(best_effort=True, profile=False, malloc=False),
}


def measure(frames: int) -> Iterator[Row]:
    """30 Hz as a driver publishes; then 60 Hz best effort, with and without our tuning."""
    yield from _at_30_hz(isolated(run, Setting(), frames, 30.0), frames)
    shipped = None
    for name, setting in VARIANTS.items():
        samples = isolated(run, setting, frames, 60.0)
        overhead = _overhead(samples)
        shipped = shipped or overhead
        what = f'60 Hz best effort, {name}'
        note = f'{overhead / shipped:.1f} × as shipped; median age {_age(samples):.2f} ms'
        yield Row(f'{what}: overhead', overhead, 'ms', note=note)
        yield Row(f'{what}: lost', samples.lost, note=_losses(samples))


def _at_30_hz(samples: Samples, frames: int) -> Iterator[Row]:
    stages = {
        stage: median(sample.latency[stage] for sample in samples.answered) for stage in STAGES
    }
    overhead = _overhead(samples)
    stages['way back'] = overhead - sum(stages.values())
    note = ', '.join(f'{stage} {value:.2f}' for stage, value in stages.items())
    yield Row('30 Hz: median age', _age(samples), 'ms', note='publish call to callback')
    yield Row(
        '30 Hz: overhead', overhead, 'ms', OVERHEAD_TARGET_MS, 'the age without the inference'
    )
    yield Row('30 Hz: overhead, 95th percentile', _p95(samples), 'ms', note=note)
    yield Row('30 Hz: lost', samples.lost, '', 0, _losses(samples))


def _overhead(samples: Samples) -> float:
    return median(sample.overhead_ms for sample in samples.answered)


def _age(samples: Samples) -> float:
    return median(sample.age_ms for sample in samples.answered)


def _p95(samples: Samples) -> float:
    return quantiles((sample.overhead_ms for sample in samples.answered), n=20)[-1]


def _losses(samples: Samples) -> str:
    return f'of {samples.sent}; {samples.replaced} more replaced by a newer one in the node'
