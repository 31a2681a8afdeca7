"""What works on this machine, what is missing, and the command that mends it.

Nothing here imports what it examines: NumPy, OpenCV, ROS and the rest are tried in a process of
their own, so that one that crashes is a finding like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from picosam_ros.commands.doctor import hardware, ros, software
from picosam_ros.commands.doctor.finding import Finding, State

__all__ = ['CHECKS', 'Finding', 'State', 'examine']

Check = Callable[[], Finding]

# Group to checks, in the order in which they are told.
CHECKS: dict[str, tuple[Check, ...]] = {
    'segmentation': (
        software.python,
        software.numpy,
        software.opencv,
        software.onnxruntime,
        software.yaml,
        software.model,
    ),
    'ROS nodes': (
        ros.source,
        ros.rclpy,
        ros.messages,
        ros.middleware,
        ros.profile,
        ros.shared_memory,
        software.compiler,
    ),
    'cameras': (hardware.video_devices, hardware.picamera2),
    'optional': (*software.OPTIONAL, *ros.OPTIONAL),
}


def examine(checks: dict[str, tuple[Check, ...]] = CHECKS) -> list[Finding]:
    """Run all checks, some at a time."""
    pairs = [(group, check) for group, members in checks.items() for check in members]
    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(pool.map(lambda pair: replace(_run(pair[1]), group=pair[0]), pairs))


def _run(check: Check) -> Finding:
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - on a broken machine the others still tell much
        name = getattr(check, '__name__', str(check)).replace('_', ' ')
        return Finding(name, State.BROKEN, f'could not be examined: {error!r}')
