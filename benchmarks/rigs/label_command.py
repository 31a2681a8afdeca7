"""`picosam label` on recordings whose masks are known."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.films.recordings import Click, Truth
from picosam_ros.commands.label_plan import names_of


@dataclass(frozen=True)
class Case:
    """What is labelled.

    Attributes:
        name: for tables.
        truths: the recordings, by the names that the command gives them.
        clicks: on the object of each recording, by the same names.

    """

    name: str
    truths: Mapping[str, Truth]
    clicks: Mapping[str, Sequence[Click]]

    @property
    def images(self) -> int:
        """Of all recordings."""
        return sum(truth.images for truth in self.truths.values())


def make_cases(name: str, truths: Sequence[Truth]) -> tuple[Case, Case]:
    """Return one with a click on the object of each recording, and one with three."""
    named = dict(zip(names_of([truth.path for truth in truths]), truths, strict=True))
    one = {recording: truth.one for recording, truth in named.items()}
    three = {recording: truth.three for recording, truth in named.items()}
    return Case(f'{name}, 1 click', named, one), Case(f'{name}, 3 clicks', named, three)


def label(
    case: Case, out: Path, *options: str, environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Let the command make a COCO data set of every image, and return what it reports.

    Raises:
        RuntimeError: it failed; what it said is in the sentence.

    """
    prompts = out.with_suffix('.yaml')
    # YAML reads JSON.
    prompts.write_text(json.dumps(_entries(case)), encoding='utf-8')
    paths = [str(truth.path) for truth in case.truths.values()]
    command = [sys.executable, '-m', 'picosam_ros', 'label', *paths, '--prompts', str(prompts)]
    command += ['-o', str(out), '--format', 'coco', '--change', '0', '--json', *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f'picosam label failed: {done.stderr}')
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def _entries(case: Case) -> list[dict[str, Any]]:
    return [
        {'id': 1, 'recording': recording, 'image': click.image, 'points': [[click.x, click.y]]}
        for recording, clicks in case.clicks.items()
        for click in clicks
    ]
