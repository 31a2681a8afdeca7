"""The nodes that run beside the demo, as processes of their own."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import IO

GOODBYE_SECONDS = 10.0


class Companions:
    """Start them, hear what they say, end them.

    Args:
        commands: each with its arguments.

    """

    def __init__(self, commands: Sequence[list[str]]) -> None:
        self._lines: SimpleQueue[str] = SimpleQueue()
        # Ctrl-C reaches all that this terminal runs. It is for us to end them: in the middle of
        # their imports they would show tracebacks. Once they run, they have handlers of their own.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._processes = [
            subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors='replace')
            for command in commands
        ]
        signal.signal(signal.SIGINT, before)
        self._listeners = [
            threading.Thread(target=self._listen, args=(process.stderr,), daemon=True)
            for process in self._processes
        ]
        for listener in self._listeners:
            listener.start()

    def __enter__(self) -> Companions:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in self._processes:
            process.terminate()
        for process, listener in zip(self._processes, self._listeners, strict=True):
            try:
                process.wait(GOODBYE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                self._lines.put(f'killed, since it did not end: {process.args!r}')
            listener.join(GOODBYE_SECONDS)

    @property
    def running(self) -> bool:
        """Whether the first of them, if there is one, has not ended."""
        return not self._processes or self._processes[0].poll() is None

    def said(self) -> Iterator[str]:
        """Give the lines that they wrote to standard error since the last call."""
        while True:
            try:
                yield self._lines.get_nowait()
            except Empty:
                return

    def _listen(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line.rstrip('\n'))
