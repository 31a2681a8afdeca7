"""What an attack found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.attack.table import Attack
from benchmarks.report import Row, Section


@dataclass(frozen=True)
class Result:
    """The facts of one attack.

    Attributes:
        attack: which.
        count: how often it was done.
        rows: the facts; those with a target must hold.

    """

    attack: Attack
    count: int
    rows: Sequence[Row]

    @property
    def ok(self) -> bool:
        """Whether every fact holds that must."""
        return all(row.ok is not False for row in self.rows)

    @property
    def broken(self) -> list[Row]:
        """The facts that do not hold."""
        return [row for row in self.rows if row.ok is False]

    @property
    def command(self) -> str:
        """What repeats it."""
        return f"make attack ARGS='--only {self.attack.name}'"

    def to_text(self) -> str:
        """For a terminal."""
        held = 'held' if self.ok else 'DID NOT HOLD'
        title = f'{self.count} {self.attack.unit}: {held}\n  {self.attack.what}'
        title += f'\n  must hold: {self.attack.must}'
        return Section(self.attack.name, title, self.rows, self.command).to_text()

    def to_json(self) -> dict[str, Any]:
        """For comparison with other runs."""
        attack = self.attack
        section = Section(attack.name, attack.what, self.rows, self.command).to_json()
        return {
            'what': attack.what,
            'count': self.count,
            'unit': attack.unit,
            'must': attack.must,
            'holds': self.ok,
            **{key: section[key] for key in ('command', 'rows')},
        }
