"""Commands on damaged files: each ends with an answer or with one sentence."""

from __future__ import annotations

import io
import json
import time
import traceback
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.attack.damage import KINDS, Case
from benchmarks.report import Row
from picosam_ros.cli import main

# What a damaged recording leaves although the exit code is 1: the masks of what could be read.
KEPT = 'that could be read are in'
LONGEST_S = 60.0
_SHOWN = 300


@dataclass
class Tally:
    """What was found with one kind of file."""

    answered: int = 0
    slowest_s: float = 0.0
    faults: list[str] = field(default_factory=list)


def run(count: int, seed: int) -> Iterator[Row]:
    """Give `count` files to commands, of each kind in turn."""
    tallies = {kind: Tally() for kind in KINDS}
    for number in range(count):
        kind = list(KINDS)[number % len(KINDS)]
        with TemporaryDirectory() as folder:
            case = KINDS[kind](np.random.default_rng((seed, number)), Path(folder))
            _try(case, Path(folder), tallies[kind], f'file {number} of seed {seed}')
    for kind, tally in tallies.items():
        note = '; '.join(tally.faults[:3])
        yield Row(f'{kind}: not told in one sentence', len(tally.faults), '', 0, note)
        yield Row(f'{kind}: answered', tally.answered, '', None)
        yield Row(f'{kind}: longest', tally.slowest_s, 's', LONGEST_S)


def _try(case: Case, folder: Path, tally: Tally, name: str) -> None:
    before = _contents(case.inputs)
    out, error = io.StringIO(), io.StringIO()
    begun = time.perf_counter()
    with redirect_stdout(out), redirect_stderr(error):
        try:
            code = main(case.words)
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except Exception:  # noqa: BLE001 - what is looked for
            code = -1
            traceback.print_exc()
    tally.slowest_s = max(tally.slowest_s, time.perf_counter() - begun)
    tally.answered += code == 0
    told = error.getvalue()
    for fault in _faults(case, folder, code, out.getvalue(), told):
        tally.faults.append(f'{name}: {fault}: {told[-_SHOWN:]}')
    if _contents(case.inputs) != before:
        tally.faults.append(f'{name}: an input was changed')


def _faults(case: Case, folder: Path, code: int, out: str, told: str) -> Iterator[str]:
    if code not in (0, 1, 2):
        yield f'exit code {code}'
    if 'internal error' in told or 'Traceback' in told:
        yield 'an internal error'
    if code == 1 and (told.count('\n') != 1 or not told.startswith('picosam: ')):
        yield 'not one sentence'
    if code == 0 and '--json' in case.words:
        try:
            json.loads(out)
        except ValueError:
            yield 'no JSON'
    made = [output for output in case.outputs if output.exists()]
    if code and made and KEPT not in told:
        yield f'an output in spite of the error: {made}'
    if code == 0 and len(made) != len(case.outputs):
        yield 'an output is missing'
    if left := [path.name for path in folder.rglob('picosam_*')]:
        yield f'left behind: {left}'


def _contents(paths: list[Path]) -> list[bytes]:
    return [path.read_bytes() for path in paths if path.is_file()]
