"""The table of docs/reliability.md: only a run writes its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.attack.result import Result
from benchmarks.report import Row

BEGIN, END = '<!-- attacks: begin -->', '<!-- attacks: end -->'


def write(path: Path, results: Sequence[Result], machine: Mapping[str, str]) -> None:
    """Replace what stands between the marks of a page.

    Raises:
        ValueError: the page lacks them.

    """
    text = path.read_text(encoding='utf-8')
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f'{path} has no lines {BEGIN} and {END}, between which the table goes')
    path.write_text(f'{before}{BEGIN}\n\n{table(results, machine)}\n{END}{after}', encoding='utf-8')


def table(results: Sequence[Result], machine: Mapping[str, str]) -> str:
    """The table in Markdown, under the machine that it belongs to."""
    lines = [f'Measured on: {", ".join(f"{name} {value}" for name, value in machine.items())}.', '']
    lines += ['| attack | how often | must hold | result | command |', '|---|---|---|---|---|']
    return '\n'.join([*lines, *map(_line, results)]) + '\n'


def _line(result: Result) -> str:
    attack = result.attack
    cells = (
        f'`{attack.name}`: {attack.what}',
        f'{result.count} {attack.unit}',
        attack.must,
        _in_words(result),
        f'`--only {attack.name}`',
    )
    return f'| {" | ".join(cell.replace("|", "/") for cell in cells)} |'


def _in_words(result: Result) -> str:
    if result.ok:
        limited = [row for row in result.rows if row.target]
        return 'held' + ''.join(f'; {_figure(row)}' for row in limited[:3])
    return 'did not hold: ' + '; '.join(_figure(row) for row in result.broken)


def _figure(row: Row) -> str:
    name, value, target, *_ = row.cells()
    return f'{name} {value} ({target})'
