"""The second start of the demo: from the command to the first mask on the screen of a browser."""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median
from threading import Timer
from typing import Any

from benchmarks.report import Row
from benchmarks.rigs.browser import chromium
from benchmarks.rigs.stream import ROOT, use_own_domain
from benchmarks.timing import isolated
from picosam_ros.commands.fixes import (
    in_own_environment,
)

TITLE = 'The second `make demo`: from the command to the first mask in a browser that it starts'
NAME = 'second start: first mask'
TARGET_S = 2.5
STARTS = 6
TIMEOUT_S = 60.0
# What one `make`, or one such environment, leaves for those that it starts; and what machines for
# tests set: without byte code the second start compiles all that it imports, as the first one does.
INHERITED = (
    'MAKEFLAGS',
    'MFLAGS',
    'LD_LIBRARY_PATH',
    '_ROS_WHEELS_BOOTSTRAP_COMPLETE',
    'PYTHONDONTWRITEBYTECODE',
)


@dataclass(frozen=True)
class Start:
    """Seconds since the command, until this is on the screen."""

    address: float
    browser: float
    image: float
    mask: float


def measure(frames: int) -> Iterator[Row]:
    """Start it six times for 300 frames, at least once."""
    if not in_own_environment():
        why = 'only an environment of `make setup` starts like this'
        yield Row(NAME, math.nan, 's', note=f'skipped: {why}')
        return
    yield from rows(NAME, TARGET_S, _starts, min(max(frames // 50, 1), STARTS))


def rows(
    name: str, target_s: float, starts: Callable[..., list[Start]], *arguments: Any
) -> Iterator[Row]:
    """Tell the medians of what `starts` returns, called in a fresh process."""
    try:
        measured = isolated(starts, *arguments)
    except ImportError as error:
        yield Row(name, math.nan, 's', note=f'skipped: {error}')
        return
    yield Row(name, _median(measured, 'mask'), 's', target_s, _spread(measured))
    for field in fields(Start)[:-1]:
        yield Row(f'… {field.name}', _median(measured, field.name), 's', note=NOTES[field.name])


NOTES = {
    'address': 'printed',
    'browser': 'started, with an empty page',
    'image': 'the first one on the page',
}


def _median(starts: Sequence[Start], field: str) -> float:
    return median(getattr(one, field) for one in starts)


def _spread(starts: Sequence[Start]) -> str:
    if len(starts) == 1:
        return ''
    masks = [one.mask for one in starts]
    return f'{min(masks):.1f} to {max(masks):.1f} s in {len(masks)} starts'


def _starts(count: int) -> list[Start]:
    """Start the demo of this environment so often; the first of several is not counted."""
    use_own_domain()
    _, named, release = Path(sys.prefix).name.partition('-')
    command = ['make', 'demo', *([f'ROS={release}'] if named else [])]
    environment = {name: value for name, value in os.environ.items() if name not in INHERITED}
    with chromium(TIMEOUT_S) as browser:
        starts = [start(browser, command, ROOT, environment) for _ in range(count)]
    return starts[1:] or starts


def start(
    browser: Callable[[], Any],
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    timeout: float = TIMEOUT_S,
) -> Start:
    """Run a command that prints the address of a viewer, open it, and look for the first mask.

    Args:
        browser: see `chromium`.
        command: and its arguments.
        folder: to run it in.
        environment: to run it in.
        timeout: seconds until the address must be there.

    """
    begun = time.monotonic()

    def passed() -> float:
        return time.monotonic() - begun

    with _running(command, folder, environment) as process:
        url, address = _address(process, timeout), passed()
        page, opened = browser(), passed()
        page.goto(url)
        page.locator('#empty').wait_for(state='hidden')
        image = passed()
        # The list is written in the frame that paints the mask.
        page.locator('#objects li[data-state=tracked]').first.wait_for()
        mask = passed()
        page.context.browser.close()
    return Start(address, opened, image, mask)


@contextmanager
def _running(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """Run it as a shell would, and end it as Ctrl-C does."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**environment, 'BROWSER': 'none'},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGINT)
            with _killed_after(TIMEOUT_S, process):
                process.stdout.read()


def _address(process: subprocess.Popen[str], timeout: float) -> str:
    """Read what it prints, up to the address."""
    assert process.stdout is not None
    printed = []
    with _killed_after(timeout, process):
        for line in process.stdout:
            printed.append(line)
            if found := re.search(r'^viewer +(\S+)', line):
                return found[1]
    raise RuntimeError(f'no address came from {process.args}; it printed:\n{"".join(printed)}')


@contextmanager
def _killed_after(seconds: float, process: subprocess.Popen[str]) -> Iterator[None]:
    """Kill it and all that it started, unless the block ends before."""
    giving_up = Timer(seconds, os.killpg, (process.pid, signal.SIGKILL))
    giving_up.start()
    try:
        yield
    finally:
        giving_up.cancel()
