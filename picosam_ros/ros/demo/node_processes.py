"""The nodes that the demo starts, each in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import IO

# Time-out for a process to end after SIGTERM; then it is killed.
END_TIMEOUT_S = 10.0
ENDED_BY_US = (signal.SIGTERM, signal.SIGKILL)


class NodeProcesses:
    """Starts processes, collects their standard error, and ends them with the `with` block.

    One that fails, or whose standard error cannot be read, is ended, and a line says so.

    Args:
        commands: each with its arguments.

    """

    def __init__(self, commands: Sequence[list[str]]) -> None:
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._ending = False
        self._processes: list[subprocess.Popen[str]] = []
        # Ctrl-C reaches every process of the terminal. These are ended by the demo: during their
        # imports they would print tracebacks; once they run, they install their own handlers.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            for command in commands:
                self._processes.append(
                    subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors='replace')
                )
        except BaseException:
            self._terminate()
            raise
        finally:
            signal.signal(signal.SIGINT, before)
        self._readers = [
            threading.Thread(target=self._read, args=(each,), name='picosam_stderr', daemon=True)
            for each in self._processes
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> NodeProcesses:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._terminate()
        for process, reader in zip(self._processes, self._readers, strict=True):
            try:
                process.wait(END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                self._lines.put(
                    f'killed, since it did not end within {END_TIMEOUT_S:g} s: {process.args!r}'
                )
            reader.join(END_TIMEOUT_S)

    @property
    def running(self) -> bool:
        """Whether the first process still runs; true without processes."""
        return not self._processes or self._processes[0].poll() is None

    def new_lines(self) -> Iterator[str]:
        """Yield the lines written to standard error since the last call."""
        while True:
            try:
                yield self._lines.get_nowait()
            except Empty:
                return

    def _terminate(self) -> None:
        self._ending = True
        for process in self._processes:
            process.terminate()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        try:
            self._collect(process.stderr)
        except Exception as error:  # noqa: BLE001 - becomes a line: nobody sees a thread end
            self._lines.put(
                f'ended, since its standard error cannot be read '
                f'({type(error).__name__}: {error}): {process.args!r}'
            )
            # Else it would stand still once the pipe is full.
            process.stderr.close()
            process.terminate()
            return
        code = process.wait()
        if code and not (self._ending and -code in ENDED_BY_US):
            how = f'by signal {-code}' if code < 0 else f'with exit code {code}'
            self._lines.put(f'ended {how}: {process.args!r}')

    def _collect(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line.rstrip('\n'))
