"""Shell commands that fix a missing or broken package, for this Python and this system."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

VENV = '~/.venvs/picosam'
# By its place: who has a broken PATH has apt nevertheless.
APT = Path('/usr/bin/apt')


def install_command(package: str, debian: str = '', *, locked: bool = True) -> str:
    """Return the command that installs a Python package where this interpreter looks for it.

    Args:
        package: its name on PyPI.
        debian: its name for apt, where Debian and Ubuntu have it.
        locked: whether `make setup` installs it, too.

    """
    if locked and in_own_environment():
        return setup_command()
    if _is_externally_managed():
        # PEP 668: the system's Python takes packages from the system alone.
        if debian and (command := apt_command(debian)):
            return command
        activate = f'python3 -m venv --system-site-packages {VENV} && . {VENV}/bin/activate'
        return f"{activate} && pip install '{package}'"
    return f"{_pip()} install '{package}'" if '<' in package else f'{_pip()} install {package}'


def apt_command(package: str) -> str:
    """Return the command that installs a package of the system; empty where there is no apt."""
    if not APT.exists():
        return ''
    # A container's root mostly has no sudo.
    sudo = '' if os.geteuid() == 0 and not shutil.which('sudo') else 'sudo '
    return f'{sudo}apt install {package}'


def setup_command() -> str:
    """Return the command that builds the messages and the package again."""
    root = source_root()
    if root is None:
        return 'colcon build --packages-select picosam_ros && . install/setup.sh'
    return 'make setup' if root == Path.cwd() else f'make -C {root} setup'


def restore_command() -> str:
    """Return the command that restores the shipped networks."""
    root = source_root()
    return f'git -C {root} restore picosam_ros/models' if root else setup_command()


def source_root() -> Path | None:
    """Return the checkout that this package runs from, if it does."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / 'package.xml').is_file() and (root / 'Makefile').is_file() else None


def in_own_environment() -> bool:
    """Whether this is the Python of the environment that `make setup` makes."""
    root = source_root()
    return root is not None and Path(sys.prefix).resolve().is_relative_to(root)


def is_installed(module: str) -> bool:
    """Whether a module is found; it is not imported."""
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _is_externally_managed() -> bool:
    in_environment = sys.prefix != sys.base_prefix
    marker = Path(sysconfig.get_path('stdlib')) / 'EXTERNALLY-MANAGED'
    return not in_environment and marker.is_file()


def _pip() -> str:
    python = _python()
    if is_installed('pip'):
        return f'{python} -m pip'
    return 'uv pip' if shutil.which('uv') else f'{python} -m ensurepip && {python} -m pip'


def _python() -> str:
    active = os.environ.get('VIRTUAL_ENV')
    if active and Path(active).resolve() == Path(sys.prefix).resolve():
        return 'python'
    return sys.executable or 'python3'
