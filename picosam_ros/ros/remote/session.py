"""A visit to ROS: a node of a command, for as long as the command runs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from picosam_ros.ros import process, start

_SPIN_S = 0.1

T = TypeVar('T')


class Session:
    """A node and its executor, with a `with` statement; callbacks run in `spin` and `wait_for`.

    Args:
        command: that visits, for the name of the node.

    Attributes:
        node: owns what the command subscribes to and publishes.

    """

    def __init__(self, command: str) -> None:
        process.use_shipped_profile(process.SENDS_MASKS)
        self._context = Context()
        # Ctrl-C stays Python's: the command finishes what it prints.
        start.init_ros([], context=self._context)
        self.node = Node(f'picosam_{command}_{os.getpid()}', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)

    def spin(self) -> None:
        """Serve one callback, or wait a tenth of a second for one."""
        self._executor.spin_once(timeout_sec=_SPIN_S)

    def wait_for(self, condition: Callable[[], T | None], seconds: float) -> T | None:
        """Serve callbacks until the condition holds; return what it gave, or None in vain."""
        end = time.monotonic() + seconds
        while not (met := condition()) and time.monotonic() < end:
            self.spin()
        return met or None
