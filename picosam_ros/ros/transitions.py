"""Requests for lifecycle transitions that the present state does not have."""

from __future__ import annotations

from collections.abc import Callable

from lifecycle_msgs.srv import ChangeState
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode

_Change = Callable[[ChangeState.Request, ChangeState.Response], ChangeState.Response]


def refuse_impossible(node: LifecycleNode) -> None:
    """Let `~/change_state` answer them with no success: rclpy lets them end the process."""
    for service in node.services:
        if service.srv_type is ChangeState:
            service.callback = _refusing(node, service.callback)


def _refusing(node: LifecycleNode, change: _Change) -> _Change:
    def callback(
        request: ChangeState.Request, response: ChangeState.Response
    ) -> ChangeState.Response:
        try:
            return change(request, response)
        except rclpy_implementation.RCLError as error:
            asked = request.transition.label or request.transition.id
            node.get_logger().warning(
                f'transition {asked} was asked for; ~/get_available_transitions tells those that '
                f'are possible now ({error})'
            )
            response.success = False
            return response

    return callback
