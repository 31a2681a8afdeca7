"""`picosam doctor`: the findings as a table."""

from __future__ import annotations

import argparse
import json
import platform
from dataclasses import asdict
from itertools import groupby

from picosam_ros import __version__
from picosam_ros.commands.doctor.checks import Finding, State, examine
from picosam_ros.commands.terminal import paint

HELP = 'what works on this machine, and what mends the rest'
DESCRIPTION = (
    'Tell what works on this machine, what is missing, and the command that mends it. The exit '
    'code is 0 if everything that is required works, else 1.'
)
EXAMPLE = 'picosam doctor'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes: nothing of its own."""


def run(arguments: argparse.Namespace) -> int:
    """Examine and tell."""
    findings = examine()
    hurting = [finding for finding in findings if finding.hurts]
    if arguments.json:
        report = {
            'ok': not hurting,
            'version': __version__,
            'platform': platform.platform(),
            'findings': [asdict(finding) for finding in findings],
        }
        print(json.dumps(report, indent=2))
    else:
        _tell(findings, hurting)
    return 1 if hurting else 0


def _tell(findings: list[Finding], hurting: list[Finding]) -> None:
    print(f'picosam {__version__} on {platform.platform()}')
    for group, members in groupby(findings, lambda finding: finding.group):
        print(f'\n{paint(group, "bold")}')
        for finding in members:
            _row(finding)
    names = ', '.join(finding.name for finding in hurting)
    if hurting:
        print(f'\n{paint("Required, and not working:", "red")} {names}.')
    else:
        print(f'\n{paint("All that is required works.", "green")}')


def _row(finding: Finding) -> None:
    mark = paint(f'{finding.state.value:<8}', _style(finding))
    print(f'  {mark} {finding.name:<17} {finding.detail}'.rstrip())
    if finding.mend and finding.state is not State.OK:
        print(f'  {"":<8} {"":<17} {paint("→ " + finding.mend, "cyan")}')


def _style(finding: Finding) -> str:
    if finding.state is State.OK:
        return 'green'
    if finding.required:
        return 'red'
    return 'yellow' if finding.state is State.BROKEN else 'dim'
