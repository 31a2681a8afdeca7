"""Where our executables are installed, and packages that are not everywhere."""

from importlib.util import find_spec
from pathlib import Path

import pytest


def prefix() -> Path:
    """Return where the package is installed: by colcon, or into the environment of these tests."""
    from picosam_ros.ros.process import package_prefix

    return package_prefix('picosam_ros')


def executable(name: str) -> Path:
    """Return the path of a node or command that CMake installed."""
    return prefix() / 'lib' / 'picosam_ros' / name


def need(package: str) -> None:
    """Skip where it is not installed; it is not imported: OpenVINO would report that."""
    if find_spec(package) is None:
        pytest.skip(f'{package} is not installed')
