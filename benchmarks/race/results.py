"""What the race gave, as the file of results has it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.race.contenders import BARE
from benchmarks.race.workloads import FIRST, Heat


@dataclass(frozen=True)
class Times:
    """Of an entrant in a heat, in milliseconds; `cpu` is a share of one core, 1.0 all of it."""

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
class Finish:
    """What one entrant did.

    Attributes:
        open_ms: import, load and warm-up in a fresh process.
        first_ms: the first picture after that.
        memory_mb: resident, after everything.
        heats: by name.

    """

    open_ms: float
    first_ms: float
    memory_mb: float = 0.0
    heats: dict[str, Times] = field(default_factory=dict)
    ours: bool = True

    def p50(self, heat: Heat) -> float | None:
        """Median milliseconds of a heat; None if it did not run there."""
        times = self.heats.get(heat.name)
        return times.p50 if times else None


@dataclass(frozen=True)
class Results:
    """Everything; `threads` of one inference."""

    machine: dict[str, str]
    threads: int
    finishes: dict[str, Finish]

    def ratio(self, name: str, heat: Heat = FIRST) -> float | None:
        """Median of an entrant over that of the bare inference in the same heat."""
        own, bare = self.finishes[name].p50(heat), self.finishes[BARE].p50(heat)
        return own / bare if own is not None and bare else None

    def write(self, path: Path) -> None:
        """For a later comparison."""
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        path.write_text(text + '\n', encoding='utf-8')

    @classmethod
    def read(cls, path: Path) -> Results:
        """What was written.

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
    finishes = {
        name: Finish(
            **{**finish, 'heats': {n: Times(**times) for n, times in finish['heats'].items()}}
        )
        for name, finish in stored['finishes'].items()
    }
    return Results(stored['machine'], stored['threads'], finishes)
