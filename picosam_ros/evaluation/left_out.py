"""What an evaluation leaves out, counted, and the first of it named."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

# Of thousands of damaged annotations the first ones tell what is wrong.
NAMED = 10


@dataclass(frozen=True)
class Named:
    """An annotation or an image that is left out, and why."""

    what: str
    reason: str


class LeftOut(Counter[str]):
    """Numbers of objects that are left out, by kind of fault.

    Attributes:
        named: the first NAMED of those whose fault is not plain from its kind.

    """

    def __init__(self) -> None:
        super().__init__()
        self.named: list[Named] = []

    def add(self, kind: str, what: str, reason: str, objects: int = 1) -> None:
        """Count objects as left out and name what is wrong."""
        self[kind] += objects
        if len(self.named) < NAMED:
            self.named.append(Named(what, reason))
