"""`picosam doctor`: what works on this machine, what is missing, and the command that fixes it.

Nothing here imports what it examines: NumPy, OpenCV, ROS and the rest are tried in a process of
their own, so that one that crashes is a finding like any other.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from itertools import groupby

from picosam_ros import __version__
from picosam_ros.commands.doctor import machine, raspberry_pi, ros
from picosam_ros.commands.doctor.finding import Finding, FindingState
from picosam_ros.commands.terminal import paint

HELP = 'what works on this machine, and how to fix the rest'
DESCRIPTION = (
    'Show what works on this machine, what is missing, and the command that fixes it. The exit '
    'code is 0 if everything that is required works, else 1.'
)
EXAMPLE = 'picosam doctor'

Check = Callable[[], Finding]

# Group to checks, in the order in which they are printed. The AI Camera is one of a Raspberry Pi:
# elsewhere it has none, and the line of picamera2 says so.
CHECKS: dict[str, tuple[Check, ...]] = {
    'segmentation': (
        machine.python,
        machine.numpy,
        machine.opencv,
        machine.onnxruntime,
        machine.pillow,
        machine.yaml,
        machine.model,
    ),
    'ROS nodes': (
        ros.source,
        ros.rclpy,
        ros.messages,
        ros.middleware,
        ros.profile,
        ros.shared_memory,
        machine.compiler,
    ),
    'cameras': (machine.video_devices, raspberry_pi.picamera2),
    'AI Camera': raspberry_pi.checks(),
    'optional': (*machine.OPTIONAL, *ros.OPTIONAL),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command: none."""


def run(arguments: argparse.Namespace) -> int:
    """Run the checks and print their findings; return 1 if something required failed."""
    findings = examine()
    failed = [finding for finding in findings if finding.failed]
    if arguments.json:
        report = {
            'ok': not failed,
            'version': __version__,
            'platform': platform.platform(),
            'findings': [asdict(finding) for finding in findings],
        }
        print(json.dumps(report, indent=2))
    else:
        _print_table(findings, failed)
    return 1 if failed else 0


def examine(checks: dict[str, tuple[Check, ...]] = CHECKS) -> list[Finding]:
    """Run all checks, four at a time, and return their findings in the order of CHECKS."""
    pairs = [(group, check) for group, members in checks.items() for check in members]
    with ThreadPoolExecutor(4, 'picosam_doctor') as pool:
        return list(pool.map(lambda pair: replace(_run(pair[1]), group=pair[0]), pairs))


def _print_table(findings: list[Finding], failed: list[Finding]) -> None:
    print(f'picosam {__version__} on {platform.platform()}')
    for group, members in groupby(findings, lambda finding: finding.group):
        print(f'\n{paint(group, "bold")}')
        for finding in members:
            _print_row(finding)
    names = ', '.join(finding.name for finding in failed)
    if failed:
        print(f'\n{paint("Required, but not working:", "red")} {names}.')
    else:
        print(f'\n{paint("Everything that is required works.", "green")}')


def _print_row(finding: Finding) -> None:
    mark = paint(f'{finding.state.value:<8}', _style(finding))
    print(f'  {mark} {finding.name:<17} {finding.detail}'.rstrip())
    if finding.fix and finding.state is not FindingState.OK:
        print(f'  {"":<8} {"":<17} {paint("→ " + finding.fix, "cyan")}')


def _style(finding: Finding) -> str:
    if finding.state is FindingState.OK:
        return 'green'
    if finding.required:
        return 'red'
    return 'yellow' if finding.state is FindingState.BROKEN else 'dim'


def _run(check: Check) -> Finding:
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - the other checks still help
        name = getattr(check, '__name__', str(check)).replace('_', ' ')
        return Finding(name, FindingState.BROKEN, f'the check failed: {error!r}')
