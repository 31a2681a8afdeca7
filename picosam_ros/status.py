"""State of a component, as `/diagnostics` and the viewer's page show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class Level(IntEnum):
    """The levels, and values, of diagnostic_msgs/DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


@dataclass(frozen=True)
class Status:
    """State of one component: a level, a sentence that says what to do, and values."""

    level: Level
    message: str
    values: Mapping[str, object] = field(default_factory=dict)
