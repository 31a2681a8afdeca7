"""The components of `/diagnostics` that a page shows, and which of them went silent."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

from picosam_ros.status import Level
from picosam_ros.viewer.messages import Component

# Each is reported once a second; one that is not for so long is stale.
_SILENT_S = 5.0


class Components:
    """The last report of each.

    Args:
        is_shown: whether a component is wanted, of its node's full name and its own.

    """

    def __init__(self, is_shown: Callable[[str, str], bool]) -> None:
        self._is_shown = is_shown
        # With the moment at which each was heard of, on the steady clock.
        self._heard: dict[str, tuple[float, Component]] = {}

    def add(self, message: DiagnosticArray) -> None:
        """Take what is wanted of a message."""
        for status in message.status:
            node, _, component = status.name.partition(': ')
            if self._is_shown(f'/{node.lstrip("/")}', component):
                self._heard[status.name] = time.monotonic(), _to_component(status)

    def known(self) -> list[Component]:
        """Return the reports; one that is old says so."""
        return [_unless_silent(*each) for each in self._heard.values()]

    def clear(self) -> None:
        """Forget all."""
        self._heard.clear()


def _unless_silent(heard_at: float, component: Component) -> Component:
    silent_s = time.monotonic() - heard_at
    if silent_s < _SILENT_S:
        return component
    message = f'no report for {silent_s:.0f} s: does the node run?'
    return replace(component, level=int(Level.STALE), message=message)


def _to_component(status: DiagnosticStatus) -> Component:
    values = {value.key: value.value for value in status.values}
    return Component(status.name, status.level[0], status.message, values)
