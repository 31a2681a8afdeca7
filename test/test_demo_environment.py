"""`make demo` installs what the demo needs, in what the developers' lock pins, and tells of it."""

import hashlib
import os
import re
import subprocess
import sys
import zipfile

import pytest
from helpers.imports import ROOT

REQUIREMENTS = ROOT / 'requirements'
# A machine for which PyPI has no ROS 2
MAC = 'PyPI has ROS 2 for Linux x86_64, not for Darwin arm64'


def pins(lock):
    """Return the lock's packages with their versions and Pythons."""
    found = re.findall(r'^([\w.-]+)==(\S+)', lock.read_text(), re.MULTILINE)
    return {(name, version) for name, version in found}


# What `make test ROS=kilted` hands down to the tests.
OF_MAKE = {'MAKEFLAGS', 'MAKEOVERRIDES', 'MFLAGS', 'MAKELEVEL', 'ROS', 'VENV', 'PYTHON', 'UV'}


def run(*command, **variables):
    environment = {name: value for name, value in os.environ.items() if name not in OF_MAKE}
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ('part', 'whole'),
    [('jazzy', 'jazzy'), ('kilted', 'kilted'), ('base', 'base'), ('build', 'jazzy')],
)
def test_the_packages_of_the_demo_are_those_of_developers_and_fewer(part, whole):
    demo, developers = (
        pins(REQUIREMENTS / folder / f'{name}.lock')
        for folder, name in (('demo', part), ('', whole))
    )
    assert demo < developers
    brought = {name for name, _ in demo}
    assert not brought & {'openvino', 'playwright', 'scipy', 'mypy', 'pytest', 'ruff', 'networkx'}
    assert not brought & {'packaging', 'protobuf', 'tzdata'}


def lock_of(folder, name):
    """Write a wheel with a module of that name and its lock; return the lock."""
    wheel = folder / f'{name}-1.0-py3-none-any.whl'
    told = f'{name}-1.0.dist-info'
    with zipfile.ZipFile(wheel, 'w') as file:
        file.writestr(f'{name}.py', '')
        file.writestr(f'{told}/METADATA', f'Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n')
        file.writestr(
            f'{told}/WHEEL', 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'
        )
        file.writestr(f'{told}/RECORD', '')
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock = folder / f'{name}.lock'
    lock.write_text(f'{name} @ {wheel.as_uri()} --hash=sha256:{sha256}\n')
    return lock


def test_the_pip_of_the_python_installs_and_adds_to_an_environment_that_has_none(tmp_path):
    python = sys._base_executable
    if run(python, '-m', 'pip', '--python', python, '--version').returncode:
        pytest.skip('this Python has no pip of 22.3 or later')
    environment = tmp_path / 'environment'
    settings = {
        'VENV': os.path.relpath(environment, ROOT),
        'KIND': str(environment / '.packages'),
        'PYTHON': python,
        'UV': '',
        'ROS': 'none',
        'SOURCED': '',
    }
    # As of `make demo`, then of `make test`
    for name, marker in (('for_demo', '.packages'), ('for_developers', '.all-packages')):
        lock, stamp = lock_of(tmp_path, name), environment / marker
        done = run('scripts/setup.sh', 'packages', LOCK=str(lock), STAMP=str(stamp), **settings)
        assert done.returncode == 0, done.stderr
        stamp.touch()
    found = run(
        environment / 'bin' / 'python',
        '-c',
        'from importlib.util import find_spec as find\n'
        'print([name for name in ("for_demo", "for_developers", "pip") if find(name)])',
    )
    assert found.stdout == "['for_demo', 'for_developers']\n"


def test_without_ros_wheels_the_demo_is_the_page_with_its_photographs_and_says_so():
    told = run('make', '-n', 'demo', LACKING=MAC, ROS_DISTRO='').stdout
    assert f"{MAC}: this is the demo's page without ROS" in told
    assert re.search(r'-m picosam_ros view --open .*\n?.*--camera photos', told)
    assert 'setup.sh build' not in told


def test_without_ros_wheels_a_developer_is_told_what_to_install():
    done = run('make', 'test', LACKING=MAC, ROS_DISTRO='')
    assert done.returncode != 0
    assert f'{MAC}; install ROS 2 as https://docs.ros.org tells' in done.stderr


def test_the_source_of_the_demo_goes_to_it_as_it_is():
    told = run('make', '-n', 'demo', 'SOURCE=my film.mp4', LACKING=MAC, ROS_DISTRO='').stdout
    assert "--source 'my film.mp4'" in told
    assert '--camera' not in told


PIP = """\
Collecting aiohttp==3.14.5 (from -r requirements/demo/jazzy.lock (line 4))
  Downloading aiohttp-3.14.5-cp311-cp311-manylinux_2_28_x86_64.whl (1.9 MB)
  Downloading catkin_pkg-1.1.1-py3-none-any.whl (76 kB)
  Using cached opencv_python_headless-4.14.0.94-cp37-abi3-manylinux_2_28_x86_64.whl (62.0 MB)
Processing {wheel}
Installing collected packages: aiohttp, opencv-python-headless
"""


def test_large_packages_are_told_each_and_the_others_together(tmp_path):
    wheel = tmp_path / 'numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl'
    wheel.write_bytes(bytes(17_000_000))
    program = f'print({PIP.format(wheel=wheel)!r})'
    log = tmp_path / 'setup.log'
    done = run(sys.executable, 'scripts/tell_progress.py', str(log), sys.executable, '-c', program)
    assert done.returncode == 0
    assert [line.split() for line in done.stdout.splitlines()] == [
        ['opencv_python_headless', '62.0', 'MB'],
        ['numpy', '17.0', 'MB'],
        ['with', '2', 'smaller', 'ones', '81.0', 'MB', 'in', 'all'],
        ['installed'],
    ]
    assert 'Collecting aiohttp' in log.read_text()


def test_the_exit_code_of_what_installs_is_kept(tmp_path):
    command = (sys.executable, '-c', 'raise SystemExit(3)')
    done = run(sys.executable, 'scripts/tell_progress.py', str(tmp_path / 'log'), *command)
    assert done.returncode == 3
    assert 'installed' not in done.stdout


def test_copies_of_a_library_become_links_and_others_stay(tmp_path):
    same, other = b'a' * 20_000, b'b' * 20_000
    for name, content in {'libx.so.1.2': same, 'libx.so': same, 'y.libs/libx.so.1': same}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / 'libz.so').write_bytes(other)
    for _ in range(2):
        assert run(sys.executable, 'scripts/link_copies.py', str(tmp_path)).returncode == 0
        assert (tmp_path / 'libx.so').samefile(tmp_path / 'libx.so.1.2')
        assert (tmp_path / 'y.libs' / 'libx.so.1').samefile(tmp_path / 'libx.so.1.2')
        assert (tmp_path / 'libz.so').read_bytes() == other
    assert sorted(path.name for path in tmp_path.rglob('*.so*')) == [
        'libx.so',
        'libx.so.1',
        'libx.so.1.2',
        'libz.so',
    ]
