"""A Ray cluster of this machine alone."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.machine import slowness

# To the started cluster where the machine does nothing else, and to its end.
START_S, END_S = 60.0, 20.0
_READY = 'Ray runtime started'
# For the cluster and for who asks it.
_OPEN = {'RAY_AUTH_MODE': 'disabled'}


@contextmanager
def ray_cluster(cpus: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Start a cluster; yield its address, and the environment of who asks it; end it.

    Raises:
        RuntimeError: the cluster did not start; its output is in the sentence.

    """
    # Names of sockets are short, so the folder's is.
    folder = Path(tempfile.mkdtemp(prefix='ray'))
    port = _free_port()
    environment = {**os.environ, **_OPEN}
    try:
        with (folder / 'output').open('wb') as output:
            head = psutil.Popen(
                _command(port, folder, cpus),
                env={**environment, 'PYTHONPATH': os.pathsep.join(filter(None, sys.path))},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            _wait(head, folder / 'output')
            yield f'127.0.0.1:{port}', environment
        finally:
            _end(head)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _command(port: int, folder: Path, cpus: int) -> list[str]:
    return [
        *(sys.executable, '-m', 'ray.scripts.scripts', 'start', '--head', '--block'),
        *(f'--port={port}', '--node-ip-address=127.0.0.1', f'--temp-dir={folder}'),
        *(f'--num-cpus={cpus}', '--object-store-memory=100000000'),
        *('--include-dashboard=false', '--disable-usage-stats'),
        *('--min-worker-port=0', '--max-worker-port=0'),
    ]


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(('127.0.0.1', 0))
        return int(listening.getsockname()[1])


def _wait(head: psutil.Popen, output: Path) -> None:
    deadline = time.monotonic() + START_S * slowness()
    while _READY not in (told := output.read_text(encoding='utf-8', errors='replace')):
        if head.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f'the Ray cluster did not start: {told}')
        time.sleep(0.1)


def _end(head: psutil.Popen) -> None:
    """End all of its processes."""
    processes = [head, *head.children(recursive=True)] if head.is_running() else [head]
    head.send_signal(signal.SIGTERM)
    for process in psutil.wait_procs(processes, timeout=END_S)[1]:
        process.kill()
