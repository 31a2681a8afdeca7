"""A clock that jumps back: a simulation that begins anew, a bag that is played again."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.clock import JumpHandle, JumpThreshold
from rclpy.duration import Duration
from rclpy.node import Node


def watch_clock(node: Node, forget: Callable[[], None]) -> JumpHandle:
    """Have `forget` called, and a line logged, whenever the node's clock jumps back.

    What was measured or kept under the stamps of before means nothing then. Only a clock that
    follows /clock (use_sim_time) can tell; the system's is expected to be kept in step.

    Returns:
        What keeps the watch; it ends when that is unregistered.

    """

    def jumped(_: object) -> None:
        forget()
        node.get_logger().warning(
            'the clock jumped back: ages, rates and frames of before are forgotten; prompts stay'
        )

    # The least step back that rcl tells; steps forward are the usual case.
    threshold = JumpThreshold(
        min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=False
    )
    return node.get_clock().create_jump_callback(threshold, post_callback=jumped)
