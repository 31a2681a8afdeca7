"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class State(str, Enum):
    """OK works; MISSING is not there; BROKEN is there and does not work."""

    OK = 'ok'
    MISSING = 'missing'
    BROKEN = 'broken'


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's table.

    Attributes:
        name: what was examined.
        state: how it is.
        detail: a version or place, else what is wrong, or what it would add.
        mend: one command; empty if nothing needs mending.
        required: whether picosam does not work without it here.
        group: the part of the table.

    """

    name: str
    state: State
    detail: str
    mend: str = ''
    required: bool = False
    group: str = ''

    @property
    def hurts(self) -> bool:
        """Whether it is required and does not work."""
        return self.required and self.state is not State.OK
