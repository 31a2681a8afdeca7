"""An attack in a process of its own, which has so much time and no more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from json import dumps, loads
from pathlib import Path
from tempfile import TemporaryFile

from benchmarks.attack.table import BY_NAME, Attack
from benchmarks.report import Row
from benchmarks.rigs.process_sizes import tree

ROOT = Path(__file__).parents[2]
# Before each line that is a fact: what an attack prints besides is shown where it fails.
MARK = 'fact '
SHOWN_LINES = 12


def run(attack: Attack, count: int, seed: int) -> Iterator[Row]:
    """Give the facts of an attack as they come; the last is that it ended, well and in time."""
    command = [sys.executable, '-m', 'benchmarks.attack.contained', attack.name, str(count)]
    with TemporaryFile('w+', encoding='utf-8', errors='replace') as errors:
        process = subprocess.Popen(
            [*command, str(seed)], cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        begun = time.monotonic()
        with _ended_after(process, attack.limit_s):
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith(MARK):
                    yield Row(**loads(line.removeprefix(MARK)))
            code = process.wait()
        seconds = time.monotonic() - begun
        yield Row('time it took', seconds, 's', attack.limit_s)
        errors.seek(0)
        last = errors.read().splitlines()[-SHOWN_LINES:]
        if code:
            print('\n'.join(last), file=sys.stderr)
        note = f'exit code {code}: {last[-1].strip() if last else "nothing was said"}'
        yield Row('attack broke off', int(code != 0), '', 0, note if code else '')


@contextmanager
def _ended_after(process: subprocess.Popen[str], seconds: float) -> Iterator[None]:
    """Kill a process, and all that it started, once the time is over or the block is left."""
    timer = threading.Timer(seconds, _kill, [process])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        _kill(process)
        process.wait()


def _kill(process: subprocess.Popen[str]) -> None:
    if process.poll() is not None:
        return
    # All of them are known before the first is gone: the others would change parents.
    for each in list(tree(process.pid)):
        with suppress(ProcessLookupError):
            os.kill(int(each.name), signal.SIGKILL)


def main(arguments: list[str]) -> int:
    """Run an attack here, and print its facts."""
    name, count, seed = arguments
    facts: Iterable[Row] = BY_NAME[name].run(int(count), int(seed))
    for row in facts:
        print(MARK + dumps(asdict(row)), flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
