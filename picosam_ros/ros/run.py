"""Main of an executable, from the command line to the exit code."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable

import cv2
import rclpy
from rclpy.exceptions import ParameterException
from rclpy.signals import SignalHandlerOptions

from picosam_ros.ros import process
from picosam_ros.ros.managed_node import ManagedNode


def run(make: Callable[[], ManagedNode]) -> int:
    """Main of an executable: start the node, serve it until SIGINT or SIGTERM.

    Returns the exit code: 1 if the node could not start itself.
    """
    process.prepare()
    cv2.setNumThreads(1)  # crops are small: a thread pool costs more than it brings
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    # Our own handlers, so that the node still has a context while it shuts down.
    rclpy.init(args=sys.argv, signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = make()
    except ParameterException as error:
        print(error, file=sys.stderr)
        rclpy.shutdown()
        return 1
    executor = process.make_executor()
    executor.add_node(node)
    started = not node.parameters['autostart'] or node.configure_and_activate()
    if started:
        process.spin(executor, until=stopped.is_set)
    if not node.finalized:
        node.trigger_shutdown()
    executor.shutdown()
    rclpy.shutdown()
    return 0 if started else 1
