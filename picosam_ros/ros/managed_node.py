"""A lifecycle node of ours: its transitions, in four verbs that each node fills."""

from __future__ import annotations

import traceback
from abc import abstractmethod
from collections.abc import Mapping, Sequence

from rclpy.lifecycle import LifecycleNode, State, TransitionCallbackReturn

from picosam_ros.errors import PicosamError
from picosam_ros.ros.diagnostics import Diagnostics, Status
from picosam_ros.ros.parameters import Parameter, Parameters
from picosam_ros.ros.transitions import refuse_impossible, told


class ManagedNode(LifecycleNode):
    """Parameters, transitions and diagnostics.

    configure opens, activate starts, deactivate stops, cleanup closes. Shutdown and errors stop
    and close whatever there is: either verb also does with nothing to undo.

    Attributes:
        parameters: by name.
        active: whether it works now.
        fault: what keeps it from working, as a sentence; empty if nothing does.
        finalized: it was shut down, and there is no way back.

    """

    def __init__(self, name: str, table: Sequence[Parameter]) -> None:
        super().__init__(name)
        refuse_impossible(self)
        self.parameters = Parameters(self, table)
        self.active = False
        self.fault = ''
        self.finalized = False
        self._diagnostics = Diagnostics(self, self.report)

    @abstractmethod
    def report(self) -> Mapping[str, Status]:
        """What `/diagnostics` shows: component to status."""

    @abstractmethod
    def open(self) -> None:
        """Take what the work needs; a PicosamError leaves the node unconfigured, and is told."""

    @abstractmethod
    def start(self) -> None:
        """Begin to work."""

    @abstractmethod
    def stop(self) -> None:
        """Work no more."""

    @abstractmethod
    def close(self) -> None:
        """Give everything back."""

    def failed(self, error: Exception) -> None:
        """Tell what the work raised: a sentence for what can happen, a trace for what cannot."""
        expected = isinstance(error, PicosamError)
        self.fault = str(error) if expected else f'{type(error).__name__}: {error}'
        text = self.fault if expected else ''.join(traceback.format_exception(error))
        self.get_logger().error(text, throttle_duration_sec=1.0)

    @told
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

    @told
    def on_activate(self, state: State) -> TransitionCallbackReturn:
        """Start."""
        self.active = True
        self.start()
        return super().on_activate(state)

    def on_deactivate(self, state: State) -> TransitionCallbackReturn:
        """Stop."""
        self._halt()
        return super().on_deactivate(state)

    def on_cleanup(self, state: State) -> TransitionCallbackReturn:
        """Close."""
        self.close()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: State) -> TransitionCallbackReturn:
        """Stop and close, from whatever state."""
        self._halt()
        self.close()
        self.finalized = True
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: State) -> TransitionCallbackReturn:
        """Stop and close, so that configure can be tried again."""
        self._halt()
        self.close()
        return TransitionCallbackReturn.SUCCESS

    def _halt(self) -> None:
        self.active = False
        self.stop()
