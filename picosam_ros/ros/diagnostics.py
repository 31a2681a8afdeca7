"""Publish `/diagnostics`: the state of a node, component by component, once a second."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from picosam_ros.status import Level, Status

__all__ = ['ERROR', 'INACTIVE', 'OK', 'STALE', 'UNCONFIGURED', 'WARN', 'Diagnostics', 'Status']

_PERIOD = 1.0
_QUEUE = 10

OK, WARN, ERROR, STALE = Level.OK, Level.WARN, Level.ERROR, Level.STALE

UNCONFIGURED = Status(STALE, 'not configured; configure and activate the node')
INACTIVE = 'not active; activate the node'


class Diagnostics:
    """Publishes what `report` returns, once a second: component name to Status."""

    def __init__(self, node: Node, report: Callable[[], Mapping[str, Status]]) -> None:
        self._node = node
        self._report = report
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', _QUEUE)
        # Not the node's clock: that of a simulation may stand still, which is reported, too.
        clock = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(_PERIOD, self._publish, clock=clock)
        self._hardware_id = socket.gethostname()

    def _publish(self) -> None:
        message = DiagnosticArray()
        message.header.stamp = self._node.get_clock().now().to_msg()
        name = self._node.get_fully_qualified_name().lstrip('/')
        for component, status in self._report().items():
            message.status.append(
                DiagnosticStatus(
                    level=bytes([status.level]),
                    name=f'{name}: {component}',
                    message=status.message,
                    hardware_id=self._hardware_id,
                    values=[KeyValue(key=k, value=str(v)) for k, v in status.values.items()],
                )
            )
        self._publisher.publish(message)
