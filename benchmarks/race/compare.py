"""Against an earlier race: what got worse, as ratios to the bare inference of each."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.race.contenders import BARE
from benchmarks.race.results import Results
from benchmarks.race.workloads import WORKLOADS


def worse(now: Results, before: Results, tolerance: float) -> list[str]:
    """Return a sentence for everything that got worse by more than the tolerance, a share.

    Who ran in both is compared: times as multiples of the bare inference, so that two machines
    compare as well, memory as it is.
    """
    return list(_worse(now, before, tolerance))


def _worse(now: Results, before: Results, tolerance: float) -> Iterator[str]:
    for name in sorted(before.contenders.keys() & now.contenders.keys() - {BARE}):
        for workload in WORKLOADS:
            old, new = before.ratio(name, workload), now.ratio(name, workload)
            if old and new and new > old * (1 + tolerance):
                yield (
                    f'{name}, {workload.name}: {new:.2f} times the bare inference, was {old:.2f} '
                    f'({new / old - 1:+.0%})'
                )
        memory, was = now.contenders[name].memory_mb, before.contenders[name].memory_mb
        if was and memory > was * (1 + tolerance):
            yield f'{name}: {memory:.0f} MB, was {was:.0f} ({memory / was - 1:+.0%})'
