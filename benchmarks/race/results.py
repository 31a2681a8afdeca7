"""Results of a race, as the file of results has it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.race.contenders import BARE
from benchmarks.race.workloads import FIRST, Workload


@dataclass(frozen=True)
class Times:
    """Times of a contender in a workload, in ms; `cpu` is a share of one core, 1.0 all of it."""

    p50: float
    p95: float
    p99: float
    cpu: float
    count: int

    @classmethod
    def of(cls, walls: Sequence[float], cpus: Sequence[float]) -> Times:
        """Sum up."""
        percentiles = map(float, np.percentile(walls, (50, 95, 99)))
        return cls(*percentiles, sum(cpus) / sum(walls), len(walls))


@dataclass(frozen=True)
class ContenderResult:
    """Figures of one contender.

    Attributes:
        open_ms: import, load and warm-up in a fresh process.
        first_ms: the first image after that.
        memory_mb: resident, after everything.
        workloads: by name.

    """

    open_ms: float
    first_ms: float
    memory_mb: float = 0.0
    workloads: dict[str, Times] = field(default_factory=dict)
    ours: bool = True

    def p50(self, workload: Workload) -> float | None:
        """Median milliseconds of a workload; None if it did not run there."""
        times = self.workloads.get(workload.name)
        return times.p50 if times else None


@dataclass(frozen=True)
class Results:
    """Everything; `threads` of one inference."""

    machine: dict[str, str]
    threads: int
    contenders: dict[str, ContenderResult]

    def ratio(self, name: str, workload: Workload = FIRST) -> float | None:
        """Median of a contender over that of the bare inference in the same workload."""
        own, bare = self.contenders[name].p50(workload), self.contenders[BARE].p50(workload)
        return own / bare if own is not None and bare else None

    def write(self, path: Path) -> None:
        """Write the file that `read` reads."""
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        path.write_text(text + '\n', encoding='utf-8')

    @classmethod
    def read(cls, path: Path) -> Results:
        """Read what `write` wrote.

        Raises:
            SystemExit: it is not there, or something else.

        """
        try:
            return _read(json.loads(path.read_text(encoding='utf-8')))
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise SystemExit(
                f'{path} is no result of the race ({error!r}); write one with --json {path}'
            ) from error


def _read(stored: dict[str, Any]) -> Results:
    contenders = {
        name: ContenderResult(
            **{
                **result,
                'workloads': {n: Times(**times) for n, times in result['workloads'].items()},
            }
        )
        for name, result in stored['contenders'].items()
    }
    return Results(stored['machine'], stored['threads'], contenders)
