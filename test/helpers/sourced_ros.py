"""A folder like /opt/ros/jazzy, made of the ROS 2 of this environment, and a shell that sourced it.

What is not ROS stays out, as on a robot: this package, and the Python packages that
requirements/base.lock installs beside a sourced ROS.
"""

import os
import re
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The environment of `make setup`, and the Python that made it.
WHEELS = Path(sys.prefix)
PYTHON = Path(sys._base_executable)
SITE = Path('lib', f'python{sys.version_info.major}.{sys.version_info.minor}', 'site-packages')
INDEX = Path('share', 'ament_index', 'resource_index')
# This package, and folders that are made here name by name.
LEFT_OUT = re.compile(r'(lib)?picosam_ros|python3|ament_index$')

# CMake reads this first, in every build of the shell: the targets of the wheels name folders that
# do not exist, and those of a ROS from apt do.
TOOLCHAIN = f'set(CMAKE_PROJECT_INCLUDE "{ROOT}/cmake/ros_wheels.cmake")\n'

# The plugins for pytest that a ROS brings: distribution, name of the plugin. Their hook takes an
# argument that pytest has no more since its version 9.
PLUGINS = (
    ('launch_testing', 'launch_testing'),
    ('launch_testing_ros', 'launch_ros'),
    ('launch_pytest', 'launch_pytest'),
)
HOOK = 'def pytest_pycollect_makemodule(path, parent):\n    return None\n'

# What make, coverage and a ROS that is in use leave to the processes that they start.
LEFT_BEHIND = re.compile(
    'AMENT_|CMAKE_|COV|FAST|LD_LIBRARY_PATH|MAKE|MFLAGS|PYTHON|RMW_|ROS(_|$)|VIRTUAL_ENV|_ROS_'
)


def lay_out(folder):
    """Make the folder; return the variables of a shell that has sourced it."""
    release = _release()
    if release is None:
        pytest.skip('takes apart the ROS 2 of PyPI, which is not in this environment')
    site = folder / SITE
    _link_packages(site)
    add_old_plugins(site)
    for room in ('include', 'lib', 'share'):
        _link(WHEELS / room, folder / room)
    for kind in (WHEELS / INDEX).iterdir():
        _link(kind, folder / INDEX / kind.name)
    (folder / 'bin').mkdir()
    for tool in ('cmake', 'ctest', 'ninja'):
        (folder / 'bin' / tool).symlink_to(WHEELS / 'bin' / tool)
    (folder / 'toolchain.cmake').write_text(TOOLCHAIN)
    return {
        **{name: value for name, value in os.environ.items() if not LEFT_BEHIND.match(name)},
        'ROS_DISTRO': release,
        'AMENT_PREFIX_PATH': str(folder),
        'CMAKE_PREFIX_PATH': str(folder),
        'CMAKE_TOOLCHAIN_FILE': str(folder / 'toolchain.cmake'),
        'LD_LIBRARY_PATH': ':'.join(map(str, [folder / 'lib', *site.glob('*.libs')])),
        'PATH': f'{folder / "bin"}:{PYTHON.parent}:/usr/local/bin:/usr/bin:/bin',
        'PYTHONPATH': str(site),
    }


def add_old_plugins(site):
    """Put plugins into a folder of packages that end a pytest which is newer than they are."""
    for distribution, name in PLUGINS:
        (site / f'old_{name}.py').write_text(HOOK)
        about = site / f'{distribution}-1.0.dist-info'
        about.mkdir()
        (about / 'METADATA').write_text(
            f'Metadata-Version: 2.1\nName: {distribution}\nVersion: 1\n'
        )
        (about / 'entry_points.txt').write_text(f'[pytest11]\n{name} = old_{name}\n')


def copy_of_the_checkout(folder):
    """Copy what git knows or would add, as it is now."""
    listed = [
        'git',
        'ls-files',
        '-z',
        '--cached',
        '--others',
        '--exclude-standard',
        '--deduplicate',
    ]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split('\0')):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
            (folder / name).chmod((ROOT / name).stat().st_mode)
    return folder


def _release():
    names = (each.name for each in distributions(path=[WHEELS / SITE]))
    found = (re.fullmatch(r'ros-([a-z]+)-rclpy', name) for name in names)
    return next((match[1] for match in found if match), None)


def _link_packages(site):
    """Link the Python packages of ROS, and those that it brings along."""
    lock = (ROOT / 'requirements' / 'base.lock').read_text()
    brought = {_normal(name) for name in re.findall(r'^([\w.-]+)==', lock, re.MULTILINE)}
    names = {
        # The first part of a path: a module, a package, what is known about it.
        file.parts[0]
        for distribution in distributions(path=[WHEELS / SITE])
        if _normal(distribution.name) not in brought
        for file in distribution.files or ()
    }
    site.mkdir(parents=True)
    for name in names - {'..', '__pycache__'}:
        if (WHEELS / SITE / name).exists() and not name.endswith('.pth'):
            (site / name).symlink_to(WHEELS / SITE / name)


def _normal(name):
    return re.sub(r'[-_.]+', '-', name).lower()


def _link(source, target):
    target.mkdir(parents=True, exist_ok=True)
    for each in source.iterdir():
        if not LEFT_OUT.match(each.name):
            (target / each.name).symlink_to(each)
