"""Every node goes round and round while images and prompts come, and works afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.report import Row
from benchmarks.rigs.lifecycle import NODES, Facts
from benchmarks.rigs.lifecycle import run as go_round
from benchmarks.timing import isolated

# What the heap keeps in reserve moves by a few image sizes; a leak of each cycle is far more.
GROWTH_MB = 16.0


def run(count: int, seed: int) -> Iterator[Row]:
    """Share `count` cycles among the nodes; nothing is left to chance but the moment."""
    del seed
    for node in NODES:
        yield from isolated(_rows, node, max(count // len(NODES), 1))


def _rows(node: str, cycles: int) -> list[Row]:
    facts = go_round(node, cycles)
    said = facts.wrong[0] if facts.wrong else f'of {9 * cycles}, 5 in 9 are not possible'
    return [
        Row(f'{node}: cycles that were not completed', cycles - facts.cycles, '', 0, f'{cycles}'),
        Row(f'{node}: transitions with a wrong answer', len(facts.wrong), '', 0, said),
        Row(f'{node}: ended, or does not work afterwards', int(not _well(facts)), '', 0),
        Row(f'{node}: tracebacks', facts.output.count('Traceback'), '', 0),
        Row(f'{node}: further threads', _growth(facts.threads), '', 0),
        Row(f'{node}: further open files', _growth(facts.files), '', 0),
        Row(f'{node}: further memory', _growth(facts.memory_mb), 'MB', GROWTH_MB),
        Row(f'{node}: slowest answer to a transition', facts.slowest_s, 's'),
    ]


def _well(facts: Facts) -> bool:
    return facts.alive and facts.works and facts.code == 0


def _growth(counts: list[int] | list[float]) -> float:
    """Return how much more there is at the end: least of the last, least of the first cycles."""
    few = max(min(len(counts) // 2, 5), 1)
    return min(counts[-few:], default=0) - min(counts[:few], default=0)
