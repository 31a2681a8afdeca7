"""An executable of the package in a process of its own, and how it ends."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile
from types import TracebackType

from benchmarks.rigs.process_sizes import Footprint, footprint
from picosam_ros.ros.process import package_prefix

# Seconds after which a process that was told to end is killed.
PATIENCE_S = 30.0


@dataclass(frozen=True)
class Ending:
    """How a process ended after a signal.

    Attributes:
        code: exit code; negative for the signal that ended it; None if it had to be killed.
        seconds: from the signal to the end.

    """

    code: int | None
    seconds: float


class NodeProcess:
    """Runs from its making to `end`; leaving its context kills what is left.

    Args:
        executable: its name in lib/picosam_ros.
        parameters: by name.
        remaps: from, to.
        words: of its command line, before what is meant for ROS.

    """

    def __init__(
        self,
        executable: str,
        parameters: Mapping[str, object] | None = None,
        remaps: Mapping[str, str] | None = None,
        words: Sequence[str] = (),
    ) -> None:
        self.name = executable
        arguments = []
        for old, new in (remaps or {}).items():
            arguments += ['-r', f'{old}:={new}']
        for key, value in (parameters or {}).items():
            arguments += ['-p', f'{key}:={_as_yaml(value)}']
        path = package_prefix('picosam_ros') / 'lib' / 'picosam_ros' / executable
        self._output = TemporaryFile('w+b')  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [path, *words, *(['--ros-args', *arguments] if arguments else ())],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> NodeProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._output.close()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def output(self) -> str:
        """All that it printed so far."""
        self._output.seek(0)
        return self._output.read().decode(errors='replace')

    @property
    def tracebacks(self) -> int:
        """How many errors it printed that nobody foresaw."""
        return self.output.count('Traceback (most recent call last)')

    def footprint(self) -> Footprint:
        """What it and its children hold now."""
        return footprint(self.pid)

    def wait(self, seconds: float) -> int | None:
        """Return the exit code; None if it runs on after so many seconds."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def end(self, number: int = signal.SIGTERM, patience_s: float = PATIENCE_S) -> Ending:
        """Send it a signal, and kill it where that does not end it."""
        begun = time.monotonic()
        self._process.send_signal(number)
        code = self.wait(patience_s)
        seconds = time.monotonic() - begun
        if code is None:
            self._process.kill()
            self._process.wait()
        return Ending(code, seconds)


def _as_yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
