"""From an image published in one process to its masks received in another one."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.report import Row
from benchmarks.rigs.samples import Sample, Samples
from benchmarks.rigs.stream import Setting, run
from benchmarks.timing import isolated
from picosam_ros.stages import TABLE

TITLE = 'Image published in one process to masks received in another, VGA rgb8, 1 prompt'
OVERHEAD_TARGET_MS = 1.5

# What the node publishes on ~/latency, but for `inference`.
STAGES = tuple(
    stage
    for stage in TABLE
    if stage.name in ('receive', 'queue', 'preprocess', 'decode', 'publish', 'other')
)
VARIANTS = {
    'as shipped': Setting(best_effort=True),
    'without config/fastdds.xml': Setting(best_effort=True, profile=False),
    'without tuned malloc': Setting(best_effort=True, malloc=False),
    'without both': Setting(best_effort=True, profile=False, malloc=False),
}


def measure(frames: int) -> Iterator[Row]:
    """30 Hz as a driver publishes; then 60 Hz best effort, with and without our tuning."""
    yield from _at_30_hz(isolated(run, Setting(), frames, 30.0))
    floor = isolated(run, Setting(prebuilt=True), frames, 30.0).percentile(_overhead)
    note = 'a message made beforehand: what Python and the middleware cost here in any case'
    yield Row('30 Hz: overhead, floor', floor, 'ms', note=note)
    shipped = None
    for name, setting in VARIANTS.items():
        samples = isolated(run, setting, frames, 60.0)
        overhead = samples.percentile(_overhead)
        shipped = shipped or overhead
        what = f'60 Hz best effort, {name}'
        note = f'{overhead / shipped:.1f} × as shipped'
        yield Row(f'{what}: overhead', overhead, 'ms', note=note)
        yield Row(f'{what}: lost', samples.lost, note=_losses(samples))


def _at_30_hz(samples: Samples) -> Iterator[Row]:
    age = samples.percentile(lambda sample: sample.age_ms)
    yield Row('30 Hz: age of the masks', age, 'ms', note='median, publish call to callback')
    overhead = samples.percentile(_overhead)
    note = 'median of age without inference'
    yield Row('30 Hz: overhead', overhead, 'ms', OVERHEAD_TARGET_MS, note)
    left = overhead
    for stage in STAGES:
        value = samples.percentile(lambda s, at=stage.name: s.latency[at])
        left -= value
        yield Row(f'30 Hz: … {stage.label}', value, 'ms', note=stage.meaning)
    yield Row('30 Hz: … way back', left, 'ms', note='published to callback')
    yield Row('30 Hz: overhead, 95th percentile', samples.percentile(_overhead, 95), 'ms')
    yield Row('30 Hz: lost', samples.lost, '', 0, _losses(samples))


def _overhead(sample: Sample) -> float:
    return sample.overhead_ms


def _losses(samples: Samples) -> str:
    return f'of {samples.sent}; {samples.replaced} more replaced by a newer one in the node'
