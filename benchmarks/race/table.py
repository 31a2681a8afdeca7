"""The results in the terminal: a table, and what was promised beside what came out."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.race.contenders import BARE
from benchmarks.race.results import ContenderResult, Results
from benchmarks.race.workloads import (
    AGAIN,
    FIRST,
    PROMPTS,
    SIZES,
    Workload,
)
from benchmarks.report import Row, Section

EIGHT, MANY = PROMPTS[3], PROMPTS[-1]
HEAD = (
    'ms',
    'open',
    'first',
    'p50',
    'p95',
    'p99',
    '× bare',
    'again',
    'each of 8',
    'each of 32',
    'MB',
    'CPU',
)
COMPARED = (
    ('host lite', 'host'),
    ('host lite int8', 'host lite'),
    ('host click', 'host'),
    ('host, openvino', 'host'),
    ('host int8, openvino', 'host int8'),
)
TARGETS = {'segment': 1.15, 'int8': 1 / 1.5, 'peer': 1.0, 'linear': 1.1, 'flat': 1.1}


def table(results: Results) -> str:
    """One line for each contender, the fastest first; in milliseconds, megabytes, percent."""
    order = sorted(results.contenders, key=lambda name: results.contenders[name].p50(FIRST) or 0.0)
    rows = [HEAD, *(_cells(results, name) for name in order)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        '  '.join(
            f'{cell:<{width}}' if column == 0 else f'{cell:>{width}}'
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    lines.insert(1, '─' * len(lines[0]))
    return '\n'.join(lines)


def verdict(results: Results) -> Section:
    """What the figures say."""
    return Section('race', 'What the race says', tuple(_rows(results)), 'make race')


def _cells(results: Results, name: str) -> tuple[str, ...]:
    result = results.contenders[name]
    times = result.workloads[FIRST.name]
    return (
        name if result.ours else f'{name} (peer)',
        _figure(result.open_ms),
        _figure(result.first_ms),
        *map(_figure, (times.p50, times.p95, times.p99, results.ratio(name))),
        _figure(result.p50(AGAIN)),
        *(_figure(_each(result, workload)) for workload in (EIGHT, MANY)),
        _figure(result.memory_mb),
        f'{100 * times.cpu:.0f} %',
    )


def _each(result: ContenderResult, workload: Workload) -> float | None:
    p50 = result.p50(workload)
    return None if p50 is None else p50 / workload.prompts


def _rows(results: Results) -> Iterator[Row]:
    names = results.contenders
    if BARE in names and 'host' in names:
        yield _over(results, 'segment() over bare inference', 'host', BARE, 'segment')
    if 'host int8' in names:
        yield _over(results, 'int8 over fp32', 'host int8', 'host', 'int8')
    for name, other in COMPARED:
        if {name, other} <= set(names):
            yield _over(results, f'{name} over {other}', name, other)
    for name, result in names.items():
        if not result.ours and 'host' in names:
            yield _over(results, f'host over {name}', 'host', name, 'peer')
    for name, result in names.items():
        if 'edgesam' in name and 'cascade' not in name:
            yield _ratio(
                f'{name}: the same image again over a new one',
                result.p50(AGAIN),
                result.p50(FIRST),
                note='the decoder alone',
            )
    if 'host' in names:
        yield from _growth(names['host'])


def _growth(result: ContenderResult) -> Iterator[Row]:
    each, one = _each(result, MANY), result.p50(FIRST)
    yield _ratio('host: each of 32 prompts over one', each, one, TARGETS['linear'], 'linear')
    large = result.p50(SIZES[-1])
    yield _ratio('host: an image of 4K over VGA', large, one, TARGETS['flat'], 'flat')


def _over(results: Results, what: str, name: str, other: str, target: str = '') -> Row:
    a, b = (results.contenders[one].p50(FIRST) for one in (name, other))
    return _ratio(what, a, b, TARGETS.get(target))


def _ratio(
    name: str, a: float | None, b: float | None, target: float | None = None, note: str = ''
) -> Row:
    if a is None or b is None:
        return Row(name, float('nan'), '×', note='not run')
    text = f'{_figure(a)} over {_figure(b)} ms'
    return Row(name, a / b, '×', target, f'{text}; {note}' if note else text)


def _figure(value: float | None) -> str:
    if value is None:
        return '–'
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f'{value:.{digits}f}'
