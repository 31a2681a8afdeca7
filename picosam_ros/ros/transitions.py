"""Lifecycle transitions that fail: told, and refused where the present state does not have them."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from functools import wraps
from typing import Any

from lifecycle_msgs.srv import ChangeState
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode, State, TransitionCallbackReturn

_Change = Callable[[ChangeState.Request, ChangeState.Response], ChangeState.Response]
_Transition = Callable[[Any, State], TransitionCallbackReturn]


def told(transition: _Transition) -> _Transition:
    """Log what a transition raises: rclpy turns it into ERROR without a word."""

    @wraps(transition)
    def wrapper(node: LifecycleNode, state: State) -> TransitionCallbackReturn:
        try:
            return transition(node, state)
        except Exception:
            node.get_logger().error(traceback.format_exc())
            raise

    return wrapper


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
