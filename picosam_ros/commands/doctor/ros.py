"""ROS 2: its installation, our messages, the middleware and its transport."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from picosam_ros.commands.doctor.finding import Finding, FindingState, run_isolated
from picosam_ros.commands.fixes import (
    VENV,
    apt_command,
    in_own_environment,
    install_command,
    is_installed,
    setup_command,
    source_root,
)

INSTALLATION = 'xdg-open https://docs.ros.org/en/jazzy/Installation.html'
SYSTEM = Path('/opt/ros')

# The wheels of PyPI carry the release in the name of one package.
WHEEL_RELEASES = ('jazzy', 'kilted')

# Fast DDS 2 reads the first, Fast DDS 3 the second.
PROFILE_VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')

# What sourcing a setup.sh sets: one process must not load libraries of two releases.
UNSOURCE = 'unset ROS_DISTRO AMENT_PREFIX_PATH CMAKE_PREFIX_PATH LD_LIBRARY_PATH PYTHONPATH'

MEBIBYTE = 1 << 20
# Two participants' segments of 32 MiB, as config/fastdds.xml has them.
ENOUGH_SHARED_MEMORY = 64 * MEBIBYTE


def source() -> Finding:
    """Check where ROS is from: a sourced distribution, wheels in this environment, or nowhere."""
    release = _wheels()
    if distribution := os.environ.get('ROS_DISTRO'):
        if release:
            detail = (
                f'{distribution} is sourced around {sys.prefix}, which has a {release} of its own'
            )
            return Finding('ROS 2', FindingState.BROKEN, detail, UNSOURCE, required=True)
        return Finding('ROS 2', FindingState.OK, f'{distribution}, sourced')
    if release:
        return Finding('ROS 2', FindingState.OK, f'{release}, wheels in {sys.prefix}')
    if is_installed('rclpy'):
        return Finding('ROS 2', FindingState.OK, 'on the import path; ROS_DISTRO is not set')
    if setups := sorted(SYSTEM.glob('*/setup.sh')):
        detail = f'{setups[-1].parent.name} is installed but not sourced'
        return Finding('ROS 2', FindingState.MISSING, detail, f'. {setups[-1]}')
    command = setup_command() if source_root() else INSTALLATION
    return Finding(
        'ROS 2', FindingState.MISSING, 'the nodes need it; the library does not', command
    )


def rclpy() -> Finding:
    """Check whether nodes in Python can run; required where there is a ROS."""
    if not is_installed('rclpy'):
        if not os.environ.get('ROS_DISTRO'):
            return Finding('rclpy', FindingState.MISSING, 'comes with ROS 2')
        detail = 'ROS 2 is sourced, but this Python does not find it'
        return Finding('rclpy', FindingState.BROKEN, *_other_python(detail, 'rclpy'), required=True)
    outcome = run_isolated('import rclpy; print(rclpy.__file__)')
    if outcome.works:
        return Finding('rclpy', FindingState.OK, str(Path(outcome.text).parent), required=True)
    return Finding(
        'rclpy', FindingState.BROKEN, *_other_python(outcome.text, 'rclpy'), required=True
    )


def messages() -> Finding:
    """Check whether our messages are built and load; required where rclpy is."""
    name = 'picosam_ros.msg'
    if not is_installed('rclpy'):
        return Finding(name, FindingState.MISSING, 'needs ROS 2')
    if not is_installed(name):
        return Finding(name, FindingState.MISSING, 'not built', setup_command(), required=True)
    # Only the conversion loads the compiled part, which a wrong NumPy or path breaks.
    outcome = run_isolated(
        'from rclpy.type_support import check_for_type_support\n'
        'from picosam_ros.msg import MaskArray\n'
        'check_for_type_support(MaskArray)'
    )
    if outcome.works:
        return Finding(name, FindingState.OK, 'built, and loads', required=True)
    command = setup_command()
    if 'numpy' in outcome.text.lower():
        command = install_command('numpy<2')
    return Finding(name, FindingState.BROKEN, outcome.text, command, required=True)


def middleware() -> Finding:
    """Check that the RMW implementation that the nodes will use can be loaded."""
    name = 'middleware'
    if not is_installed('rclpy'):
        return Finding(name, FindingState.MISSING, 'needs ROS 2')
    outcome = run_isolated(
        'from rclpy.utilities import get_rmw_implementation_identifier as identify\n'
        'print(identify())'
    )
    if outcome.works:
        return Finding(name, FindingState.OK, outcome.text, required=True)
    requested = os.environ.get('RMW_IMPLEMENTATION')
    detail = f'RMW_IMPLEMENTATION is {requested}: {outcome.text}' if requested else outcome.text
    command = 'unset RMW_IMPLEMENTATION' if requested else rclpy().fix
    return Finding(name, FindingState.BROKEN, detail, command, required=True)


def profile() -> Finding:
    """Check which Fast DDS profile applies; the default one has too little shared memory."""
    name = 'Fast DDS profile'
    requested = os.environ.get('RMW_IMPLEMENTATION', 'rmw_fastrtps_cpp')
    if 'fastrtps' not in requested:
        return Finding(name, FindingState.OK, f'{requested} does not use one')
    for variable in PROFILE_VARIABLES:
        if file := os.environ.get(variable):
            if Path(file).is_file():
                return Finding(name, FindingState.OK, f'yours, {file}')
            detail = f'{variable} is {file}, which does not exist'
            return Finding(name, FindingState.BROKEN, detail, f'unset {variable}')
    if transports := os.environ.get('FASTDDS_BUILTIN_TRANSPORTS'):
        return Finding(name, FindingState.OK, f'yours, FASTDDS_BUILTIN_TRANSPORTS={transports}')
    if not is_installed('rclpy'):
        return Finding(name, FindingState.MISSING, 'needs ROS 2')
    outcome = run_isolated(
        'from picosam_ros.ros.process import use_shipped_profile\n'
        "print(use_shipped_profile() or '')"
    )
    if outcome.works and outcome.text:
        return Finding(name, FindingState.OK, f'ours, {outcome.text}')
    detail = outcome.text or 'not installed; without one, images are lost between processes'
    return Finding(name, FindingState.BROKEN, detail, setup_command())


def shared_memory(folder: Path = Path('/dev/shm')) -> Finding:
    """Check the size of the shared memory that images pass through between processes."""
    name = 'shared memory'
    try:
        total, _, free = shutil.disk_usage(folder)
    except OSError as error:
        detail = (
            f'{folder} cannot be used ({error.strerror}); images go through UDP, which is slower'
        )
        return Finding(name, FindingState.MISSING, detail, f'sudo mount -t tmpfs tmpfs {folder}')
    sizes = f'{_size(free)} of {_size(total)} free'
    enough = f'{sizes}; below {ENOUGH_SHARED_MEMORY // MEBIBYTE} MB images are lost'
    if total < ENOUGH_SHARED_MEMORY:
        return Finding(name, FindingState.BROKEN, enough, _larger(folder))
    if free < ENOUGH_SHARED_MEMORY:
        return Finding(name, FindingState.BROKEN, enough, 'fastdds shm clean')
    return Finding(name, FindingState.OK, sizes)


def _size(count: int) -> str:
    return f'{count // MEBIBYTE} MB' if count >= MEBIBYTE else f'{count // 1024} kB'


def _wheels() -> str:
    for release in WHEEL_RELEASES:
        try:
            version(f'ros-{release}-rclpy')
        except PackageNotFoundError:
            continue
        return release
    return ''


def _other_python(detail: str, module: str) -> tuple[str, str]:
    """Return detail and fix; compiled modules fit one Python: name it if it is not this one."""
    mine = f'python{sys.version_info.major}.{sys.version_info.minor}'
    for prefix in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep):
        for found in Path(prefix or os.devnull).glob(f'lib/python3*/*-packages/{module}'):
            theirs = found.parents[1].name
            if re.fullmatch(r'python3\.\d+', theirs) and theirs != mine:
                command = f'{theirs} -m venv --system-site-packages {VENV}'
                return f'built for {theirs}, but this is {mine}', command
    if in_own_environment():
        return detail, setup_command()
    release = os.environ.get('ROS_DISTRO')
    return detail, (apt_command(f'ros-{release}-rclpy') if release else '') or INSTALLATION


def _larger(folder: Path) -> str:
    if Path('/.dockerenv').exists() or Path('/run/.containerenv').exists():
        return 'docker run --shm-size=256m ...'
    return f'sudo mount -o remount,size=256M {folder}'


def _optional(package: str, module: str, adds: str) -> Callable[[], Finding]:
    def check() -> Finding:
        release = os.environ.get('ROS_DISTRO')
        debian = package.replace('_', '-')
        command = apt_command(f'ros-{release}-{debian}') if release else ''
        if not is_installed(package):
            source = '' if release else '; a ROS 2 from apt has it'
            return Finding(package, FindingState.MISSING, f'adds {adds}{source}', command)
        outcome = run_isolated(f'import {module}')
        if outcome.works:
            return Finding(package, FindingState.OK, adds)
        if 'numpy' in outcome.text.lower():
            command = install_command('numpy<2')
        return Finding(package, FindingState.BROKEN, outcome.text, command)

    check.__name__ = package
    return check


OPTIONAL = (
    # Its compiled half: cv_bridge itself can be imported without.
    _optional('cv_bridge', 'cv_bridge.boost.cv_bridge_boost', 'encodings such as 32FC1, 16SC1'),
    _optional('vision_msgs', 'vision_msgs.msg', '~/label_info for Nav2, boxes as prompts'),
    _optional('tf2_ros', 'tf2_ros', 'clicks and clouds in other frames than the camera'),
    _optional('message_filters', 'message_filters', "ROS's own synchroniser for depth images"),
    _optional('launch_ros', 'launch_ros', 'the launch files'),
)
