"""A lifecycle node: parameters, transitions, diagnostics and clock jumps, the same for all nodes.

`autostart` and the transitions live here alone; a node fills open, start, stop and close, and `run`
is the main of its executable.
"""

from __future__ import annotations

import sys
import threading
import traceback
from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from functools import wraps
from typing import Any

import cv2
import rclpy
from lifecycle_msgs.srv import ChangeState
from rclpy.clock import JumpHandle, JumpThreshold
from rclpy.duration import Duration
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode, State, TransitionCallbackReturn

from picosam_ros.errors import PicosamError, fault_text
from picosam_ros.ros import process, start
from picosam_ros.ros.composition import Companion, make_nodes, take_names
from picosam_ros.ros.diagnostics import Diagnostics, Status
from picosam_ros.ros.guarded_node import GuardedNode
from picosam_ros.ros.parameters import AUTOSTART, Parameter, Parameters
from picosam_ros.signals import on_ending

_Change = Callable[[ChangeState.Request, ChangeState.Response], ChangeState.Response]
_Transition = Callable[[Any, State], TransitionCallbackReturn]


def logged(transition: _Transition) -> _Transition:
    """Tell and count what a transition raises: rclpy turns it into ERROR and drops it."""

    @wraps(transition)
    def wrapper(node: ManagedNode, state: State) -> TransitionCallbackReturn:
        try:
            return transition(node, state)
        except Exception as error:
            node.callback_failed(error)
            raise

    return wrapper


class ManagedNode(GuardedNode, LifecycleNode):
    """Parameters, transitions and diagnostics.

    configure opens, activate starts, deactivate stops, cleanup closes. Shutdown and errors stop
    and close in any state: both do nothing where there is nothing to undo. Where one of them
    raises, that is told, and the node is unconfigured, or ends, all the same.

    Args:
        name: of the node.
        table: its parameters.
        elsewhere: names of the parameters of the other nodes of its process.
        options: of GuardedNode.

    Attributes:
        parameters: by name.
        active: whether it works now.
        fault: what keeps it from working, as a sentence; empty if nothing does.
        finalized: it was shut down; no transition leads out of that.

    """

    def __init__(
        self,
        name: str,
        table: Sequence[Parameter],
        *,
        elsewhere: Collection[str] = (),
        **options: Any,
    ) -> None:
        super().__init__(name, **options)
        _refuse_impossible_transitions(self)
        self.guard_services()
        self.parameters = Parameters(self, (*table, AUTOSTART), elsewhere)
        self.active = False
        self.fault = ''
        self.finalized = False
        self._diagnostics = Diagnostics(self, self._components)
        self._clock_watch = _watch_clock(self, self.clock_jumped)

    @abstractmethod
    def report(self) -> Mapping[str, Status]:
        """Return the components of `/diagnostics`: name to status."""

    @abstractmethod
    def open(self) -> None:
        """Acquire what the work needs; a PicosamError is logged, and configure fails."""

    @abstractmethod
    def start(self) -> None:
        """Begin to work."""

    @abstractmethod
    def stop(self) -> None:
        """Stop the work."""

    @abstractmethod
    def close(self) -> None:
        """Release what `open` acquired."""

    def interrupt(self) -> None:
        """Let a transition that waits fail soon; called by the handler of SIGINT and SIGTERM."""

    def clock_jumped(self) -> None:
        """Drop what was measured or kept under the stamps before the clock jumped back."""

    def configure_and_activate(self) -> bool:
        """Do what `autostart` asks for; return whether both transitions succeeded."""
        transitions = (self.trigger_configure, self.trigger_activate)
        return all(transition() == TransitionCallbackReturn.SUCCESS for transition in transitions)

    def failed(self, error: Exception) -> None:
        """Log what the work raised: a sentence for expected errors, a traceback for others."""
        expected = isinstance(error, PicosamError)
        self.fault = fault_text(error)
        text = self.fault if expected else ''.join(traceback.format_exception(error))
        self.get_logger().error(text, throttle_duration_sec=1.0)

    @logged
    def on_configure(self, state: State) -> TransitionCallbackReturn:
        """Open."""
        try:
            self.open()
        except PicosamError as error:
            self.fault = str(error)
            self.get_logger().error(self.fault)
            self.close()
            return TransitionCallbackReturn.FAILURE
        self.fault = ''
        return TransitionCallbackReturn.SUCCESS

    @logged
    def on_activate(self, state: State) -> TransitionCallbackReturn:
        """Start."""
        self.active = True
        self.start()
        return super().on_activate(state)

    @logged
    def on_deactivate(self, state: State) -> TransitionCallbackReturn:
        """Stop."""
        self._halt()
        return super().on_deactivate(state)

    @logged
    def on_cleanup(self, state: State) -> TransitionCallbackReturn:
        """Close."""
        self.close()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: State) -> TransitionCallbackReturn:
        """Stop and close, from whatever state."""
        self._undo()
        self.finalized = True
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: State) -> TransitionCallbackReturn:
        """Stop and close, so that configure can be tried again."""
        self._undo()
        return TransitionCallbackReturn.SUCCESS

    def _halt(self) -> None:
        self.active = False
        self.stop()

    def _undo(self) -> None:
        """Stop and close; never raises, as no transition leads on from there."""
        for step in (self._halt, self.close):
            self.guarded(step)()

    def _components(self) -> Mapping[str, Status]:
        try:
            components = self.report()
        except Exception as error:  # noqa: BLE001 - its component tells it, and no other one is late
            self.callback_failed(error)
            components = {}
        return {**components, **self.callback_faults.report()}


def _refuse_impossible_transitions(node: LifecycleNode) -> None:
    """Let `~/change_state` answer success=false: rclpy lets them end the process."""
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
                f'transition {asked} is not possible in the present state; '
                f'~/get_available_transitions lists those that are ({error})'
            )
            response.success = False
            return response

    return callback


def _watch_clock(node: GuardedNode, jumped_back: Callable[[], None]) -> JumpHandle:
    """Call `jumped_back` and log a warning whenever the node's clock jumps back.

    A simulation that restarts and a bag that is played again do that. Only a clock that follows
    /clock (use_sim_time) can tell.

    Returns:
        The handle; the watch ends when it is unregistered.

    """

    def jumped(_: object) -> None:
        jumped_back()
        node.get_logger().warning(
            'the clock jumped back: ages, rates and frames before it are dropped; prompts stay'
        )

    # The least step back that rcl tells; steps forward are the usual case.
    threshold = JumpThreshold(
        min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=False
    )
    return node.get_clock().create_jump_callback(threshold, post_callback=node.guarded(jumped))


def run(
    make: Callable[..., ManagedNode],
    *,
    profile: str = process.SENDS_IMAGES,
    companions: Mapping[str, Companion] | None = None,
) -> int:
    """Main of an executable: start its nodes, serve them until SIGINT or SIGTERM.

    Args:
        make: makes the node, or the first one of several, with options of ManagedNode.
        profile: of Fast DDS; see process.prepare.
        companions: those that `--with` may name, by name.

    Returns:
        The exit code: 1 if a node could not start itself, and nobody stopped it.

    """
    stopped = threading.Event()
    nodes: list[ManagedNode] = []

    def stop() -> None:
        stopped.set()
        for node in nodes:
            node.interrupt()

    try:
        known = companions or {}
        names, arguments = take_names(sys.argv, known)
        chosen = {name: known[name] for name in names}
        profiles = (profile, *(each.profile for each in chosen.values()))
        process.prepare(process.SENDS_IMAGES if process.SENDS_IMAGES in profiles else profile)
        cv2.setNumThreads(1)  # crops are small: a thread pool costs more than it brings
        on_ending(stop)
        # Our own handlers, so that the nodes still have a context while they shut down.
        start.init_ros(arguments)
        nodes.extend(make_nodes(make, chosen, arguments))
    except start.StartError as error:
        print(error, file=sys.stderr)
        rclpy.try_shutdown()
        return 1
    first, *others = nodes
    start.warn_of_ignored(first, arguments, others)
    executor = process.make_executor()
    for node in nodes:
        executor.add_node(node)
    try:
        started = all(
            not node.parameters['autostart'] or node.configure_and_activate() for node in nodes
        )
        if started:
            process.spin(executor, until=stopped.is_set, on_error=first.callback_failed)
    finally:  # whatever ended it, camera and threads end well
        # Each of them, whatever another one raises, and last the one that the others listen to.
        with ExitStack() as steps:
            for node in nodes:
                if not node.finalized:
                    steps.callback(node.trigger_shutdown)
        executor.shutdown()
        # Not rclpy's, which lets SIGINT end the process for a moment (Kilted).
        first.context.try_shutdown()
    return 0 if started or stopped.is_set() else 1
