"""The node that the demo starts in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import IO

# Time-out for the process to end after SIGTERM; then it is killed.
END_TIMEOUT_S = 10.0
ENDED_BY_US = (signal.SIGTERM, signal.SIGKILL)


class NodeProcess:
    """Starts a process, collects its standard error, and ends it with the `with` block.

    If it fails, or its standard error cannot be read, it is ended, and a line says so.

    Args:
        command: with its arguments.

    """

    def __init__(self, command: Sequence[str]) -> None:
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._ending = False
        # Ctrl-C reaches every process of the terminal. This one is ended by the demo: during its
        # imports it would print a traceback; once it runs, it installs its own handler.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._process = subprocess.Popen(
                command, stderr=subprocess.PIPE, text=True, errors='replace'
            )
        finally:
            signal.signal(signal.SIGINT, before)
        self._reader = threading.Thread(target=self._read, name='picosam_stderr', daemon=True)
        self._reader.start()

    def __enter__(self) -> NodeProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.terminate()
        try:
            self._process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._tell(f'killed, since it did not end within {END_TIMEOUT_S:g} s')
        self._reader.join(END_TIMEOUT_S)

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def new_lines(self) -> Iterator[str]:
        """Yield the lines written to standard error since the last call."""
        while True:
            try:
                yield self._lines.get_nowait()
            except Empty:
                return

    def terminate(self) -> None:
        """Let it end; the end of the `with` block waits for that."""
        self._ending = True
        self._process.terminate()

    def _read(self) -> None:
        assert self._process.stderr is not None
        try:
            self._collect(self._process.stderr)
        except Exception as error:  # noqa: BLE001 - becomes a line: nobody sees a thread end
            self._tell(
                f'ended, since its standard error cannot be read ({type(error).__name__}: {error})'
            )
            # Else it would stand still once the pipe is full.
            self._process.stderr.close()
            self._process.terminate()
            return
        code = self._process.wait()
        if code and not (self._ending and -code in ENDED_BY_US):
            how = f'by signal {-code}' if code < 0 else f'with exit code {code}'
            self._tell(f'ended {how}')

    def _collect(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line.rstrip('\n'))

    def _tell(self, what: str) -> None:
        self._lines.put(f'{what}: {self._process.args!r}')
