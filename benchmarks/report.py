"""Figures as rows of a table: for the terminal, for Markdown and as JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        name: what was measured.
        value: the figure.
        unit: empty for a count.
        target: what it must not exceed; None where nothing is promised.
        note: what helps to read it.

    """

    name: str
    value: float
    unit: str = ''
    target: float | None = None
    note: str = ''

    @property
    def ok(self) -> bool | None:
        """Whether the target is met; None without one."""
        return None if self.target is None else self.value <= self.target

    def cells(self) -> tuple[str, ...]:
        """Name, value, target, mark and note."""
        target = '' if self.target is None else f'≤ {_number(self.target)}'
        mark = {None: '', True: 'ok', False: 'MISS'}[self.ok]
        return self.name, f'{_number(self.value)} {self.unit}'.strip(), target, mark, self.note


@dataclass(frozen=True)
class Section:
    """The rows of one subject, and the command that prints only them."""

    name: str
    title: str
    rows: Sequence[Row]
    command: str

    def to_text(self) -> str:
        """For a terminal."""
        rows = [('', 'value', 'target', '', ''), *(row.cells() for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [f'{self.name}: {self.title}', f'  {self.command}']
        lines += [f'  {_aligned(row, widths)}'.rstrip() for row in rows]
        return '\n'.join(lines) + '\n'

    def to_markdown(self) -> str:
        """For docs/performance.md."""
        lines = [f'### {self.title}', '', '```bash', self.command, '```', '']
        lines += ['| | value | target | | |', '|---|---:|---:|---|---|']
        lines += [f'| {" | ".join(row.cells())} |' for row in self.rows]
        return '\n'.join(lines) + '\n'

    def to_json(self) -> dict[str, Any]:
        """For comparison with other runs."""
        rows = [{**asdict(row), 'value': _known(row.value), 'ok': row.ok} for row in self.rows]
        return {'title': self.title, 'command': self.command, 'rows': rows}


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    """Names to the left, figures to the right."""
    name, value, target, mark, note = row
    figures = f'{value:>{widths[1]}}  {target:>{widths[2]}}'
    return f'{name:<{widths[0]}}  {figures}  {mark:<{widths[3]}}  {note}'


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f'{value:.{digits}f}'
