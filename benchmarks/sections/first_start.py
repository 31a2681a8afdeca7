"""The first start of the demo: a fresh clone, an empty home, packages from where pip finds them."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.report import Row
from benchmarks.rigs.browser import chromium
from benchmarks.rigs.stream import ROOT, use_own_domain
from benchmarks.sections import start

TITLE = 'The first `make demo`: from `git clone` to the first mask in a browser that it starts'
NAME = 'first start: first mask'
TARGET_S = 60.0
TARGET_MB = 450.0
TIMEOUT_S = 1800.0
PIP_CONFIGURATION = Path.home() / '.config' / 'pip' / 'pip.conf'


def measure(_: int) -> Iterator[Row]:
    """Start it once, however many frames are asked for."""
    if not (ROOT / '.git').exists():
        yield Row(NAME, math.nan, 's', note='skipped: this is no clone, so none can be made of it')
        return
    with TemporaryDirectory() as home:
        yield from start.rows(NAME, TARGET_S, _start, home)
        made = Path(home, 'picosam_ros', '.venv')
        if made.is_dir():
            size = disk_bytes(made) / 2**20
            yield Row('… environment', size, 'MiB', TARGET_MB, 'on the disk')


def disk_bytes(folder: Path) -> int:
    """Return what a folder takes on the disk; a file with several links counts once."""
    files = (path.lstat() for path in folder.rglob('*'))
    return 512 * sum({(each.st_dev, each.st_ino): each.st_blocks for each in files}.values())


def _start(home: str) -> list[start.Start]:
    use_own_domain()
    clone = f'git clone --quiet --no-hardlinks {shlex.quote(str(ROOT))} picosam_ros'
    command = ['sh', '-c', f'{clone} && cd picosam_ros && make demo']
    with chromium(start.TIMEOUT_S) as browser:
        return [start.start(browser, command, Path(home), _environment(home), TIMEOUT_S)]


def _environment(home: str) -> dict[str, str]:
    """What `env -i` leaves, plus a home, our ROS domain and how pip finds packages."""
    ours = ('ROS_DOMAIN_ID', 'ROS_AUTOMATIC_DISCOVERY_RANGE', 'ROS_LOCALHOST_ONLY')
    kept = {
        name: value for name, value in os.environ.items() if name in ours or name.startswith('PIP_')
    }
    if PIP_CONFIGURATION.is_file():
        kept.setdefault('PIP_CONFIG_FILE', str(PIP_CONFIGURATION))
    return {'HOME': home, 'PATH': '/usr/bin:/bin', 'LANG': 'C.UTF-8', **kept}
