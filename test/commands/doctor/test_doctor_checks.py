import ast
import os
import re
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from picosam_ros.commands import fixes
from picosam_ros.commands.doctor import machine, ros
from picosam_ros.commands.doctor.finding import FindingState, Outcome, run_isolated
from picosam_ros.commands.fixes import (
    is_installed,
)
from picosam_ros.engines.runtimes import RUNTIMES


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    for name in ('ROS_DISTRO', 'RMW_IMPLEMENTATION', 'VIRTUAL_ENV', 'FASTDDS_BUILTIN_TRANSPORTS'):
        monkeypatch.delenv(name, raising=False)
    for name in ros.PROFILE_VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_an_outcome_holds_the_last_line_or_the_first_words_of_the_error():
    assert run_isolated('print(1); print(2)') == Outcome(True, '2')
    assert run_isolated(r'raise ValueError("\n\nfirst\nsecond")') == Outcome(False, 'first')
    assert run_isolated('raise KeyboardInterrupt') == Outcome(False, 'KeyboardInterrupt')
    assert run_isolated('import os; os.kill(os.getpid(), 9)').text == 'crashed with signal 9'


def test_code_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr('picosam_ros.commands.doctor.finding.TIMEOUT_S', 0.2)
    assert run_isolated('import threading; threading.Event().wait()').text == (
        'did not end within 0.2 s'
    )


def test_a_module_whose_parent_is_missing_is_not_installed():
    assert is_installed('json.decoder')
    assert not is_installed('no_such_package.part')


def test_an_old_python_is_broken(monkeypatch):
    monkeypatch.setattr(machine, 'OLDEST_PYTHON', (9, 1))
    found = machine.python()
    assert found.failed
    assert 'needs 9.1 or newer' in found.detail


def test_an_activated_environment_that_is_not_this_one_is_reported(monkeypatch, tmp_path):
    monkeypatch.setenv('VIRTUAL_ENV', str(tmp_path))
    found = machine.python()
    assert found.state is FindingState.BROKEN
    assert found.fix == f'{tmp_path}/bin/python -m picosam_ros doctor'


def test_a_damaged_network_is_broken(monkeypatch):
    outcome = Outcome(False, 'x.onnx has the SHA-256 00…')
    monkeypatch.setattr(machine, 'run_isolated', lambda code: outcome)
    found = machine.model()
    assert found.failed
    assert found.detail == outcome.text
    assert found.fix.endswith('restore picosam_ros/models')


@pytest.mark.parametrize(
    ('free', 'total', 'state', 'words'),
    [
        (100, 200, FindingState.OK, ''),
        (64, 64, FindingState.OK, ''),
        (60, 63, FindingState.BROKEN, 'size=256'),
        (10, 200, FindingState.BROKEN, 'fastdds shm clean'),
    ],
)
def test_little_shared_memory_is_broken(free, total, state, words, monkeypatch):
    usage = Usage(total << 20, 0, free << 20)
    monkeypatch.setattr(shutil, 'disk_usage', lambda folder: usage)
    found = ros.shared_memory()
    assert found.state is state
    assert f'{free} MB of {total} MB free' in found.detail
    assert words in found.fix


def test_no_shared_memory_is_missing(tmp_path):
    assert ros.shared_memory(tmp_path / 'shm').state is FindingState.MISSING


def test_the_profile_of_the_user_stands(monkeypatch, tmp_path):
    file = tmp_path / 'profile.xml'
    monkeypatch.setenv('FASTRTPS_DEFAULT_PROFILES_FILE', str(file))
    found = ros.profile()
    assert found.state is FindingState.BROKEN
    assert found.fix == 'unset FASTRTPS_DEFAULT_PROFILES_FILE'
    file.touch()
    assert ros.profile().detail == f'yours, {file}'


def test_another_middleware_needs_no_profile(monkeypatch):
    monkeypatch.setenv('RMW_IMPLEMENTATION', 'rmw_zenoh_cpp')
    assert ros.profile().detail == 'rmw_zenoh_cpp does not use one'


def test_a_ros_that_is_installed_but_not_sourced_is_missing_with_its_setup(monkeypatch, tmp_path):
    setup = tmp_path / 'jazzy' / 'setup.sh'
    setup.parent.mkdir()
    setup.touch()
    monkeypatch.setattr(ros, 'SYSTEM', tmp_path)
    monkeypatch.setattr(ros, '_wheels', lambda: '')
    monkeypatch.setattr(ros, 'is_installed', lambda module: False)
    found = ros.source()
    assert (found.state, found.fix) == (FindingState.MISSING, f'. {setup}')


def test_messages_that_numpy_2_breaks_are_fixed_with_numpy_1(monkeypatch):
    monkeypatch.setattr(ros, 'is_installed', lambda module: True)
    monkeypatch.setattr(fixes, 'in_own_environment', lambda: False)
    words = 'A module that was compiled using NumPy 1.x cannot be run in NumPy 2.0'
    monkeypatch.setattr(ros, 'run_isolated', lambda code: Outcome(False, words))
    found = ros.messages()
    assert found.failed
    assert 'numpy<2' in found.fix or 'apt install' in found.fix


def test_a_middleware_that_is_not_installed_is_unset(monkeypatch):
    monkeypatch.setenv('RMW_IMPLEMENTATION', 'rmw_cyclonedds_cpp')
    monkeypatch.setattr(ros, 'is_installed', lambda module: True)
    monkeypatch.setattr(ros, 'run_isolated', lambda code: Outcome(False, 'no such library'))
    found = ros.middleware()
    assert found.failed
    assert 'rmw_cyclonedds_cpp' in found.detail
    assert found.fix == 'unset RMW_IMPLEMENTATION'


def test_an_optional_package_tells_what_it_adds_and_how_apt_calls_it(monkeypatch, with_apt):
    monkeypatch.setenv('ROS_DISTRO', 'kilted')
    monkeypatch.setattr(ros, 'is_installed', lambda module: False)
    vision_msgs = ros.OPTIONAL[1]()
    assert vision_msgs.state is FindingState.MISSING
    assert vision_msgs.detail.startswith('adds ~/label_info')
    assert vision_msgs.fix == f'{with_apt} ros-kilted-vision-msgs'
    assert not vision_msgs.failed


@pytest.mark.parametrize(
    ('package', 'words', 'debian'),
    [
        ('aiohttp', 'viewer', 'python3-aiohttp'),
        ('scikit-image', 'photos', 'python3-skimage'),
        ('openvino', 'runtime:=openvino', ''),
    ],
)
def test_an_optional_package_names_what_it_adds_and_its_name_on_pypi_and_in_apt(
    package, words, debian, monkeypatch, system_python, with_apt
):
    monkeypatch.setattr(machine, 'is_installed', lambda module: False)
    [check] = [check for check in machine.OPTIONAL if check.__name__ == package]
    found = check()
    assert (found.state, found.required) == (FindingState.MISSING, False)
    assert words in found.detail
    expected = f'{with_apt} {debian}' if debian else f"&& pip install '{package}'"
    assert found.fix.endswith(expected)


def test_every_package_that_is_imported_is_one_that_the_doctor_knows():
    package = fixes.source_root() / 'picosam_ros'
    imported = {name for path in package.rglob('*.py') for name in imports(path)} | {*RUNTIMES}
    # vision_msgs and the like are known one by one; rclpy and launch_ros bring the others along,
    # and rosbags what decompresses.
    along = re.compile(
        r'ament_index_python|(rcl|builtin)_interfaces|std_srvs|launch|\w+_msgs'
        r'|backports|compression|lz4'
    )
    foreign = {name for name in imported - {'picosam_ros'} if not along.fullmatch(name)}
    examined = ' '.join(path.read_text() for path in (package / 'commands' / 'doctor').glob('*.py'))
    unknown = {name for name in foreign - sys.stdlib_module_names if f"'{name}'" not in examined}
    assert {'cv2', 'aiohttp', 'openvino'} <= foreign
    assert unknown == set()


def imports(path):
    """Name the packages that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition('.')[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.partition('.')[0]


@pytest.fixture
def webcam(tmp_path):
    """Return folders as /dev and /sys/class/video4linux of a machine with one webcam."""
    devices, described = tmp_path / 'dev', tmp_path / 'sys'
    devices.mkdir()
    for index, name in enumerate(('video0', 'video1')):
        (devices / name).touch()
        (described / name).mkdir(parents=True)
        (described / name / 'index').write_text(f'{index}\n')
        (described / name / 'name').write_text('Webcam\n')
    return devices, described


def test_a_webcam_is_listed_once_and_by_name(webcam):
    found = machine.video_devices(*webcam)
    assert (found.state, found.detail) == (FindingState.OK, f'{webcam[0]}/video0 Webcam')


def test_a_webcam_that_may_not_be_opened_is_broken(webcam, monkeypatch):
    monkeypatch.setattr(os, 'access', lambda path, mode: False)
    found = machine.video_devices(*webcam)
    assert found.state is FindingState.BROKEN
    assert found.fix.startswith('sudo usermod -aG video $USER')


def test_no_webcam_is_missing(tmp_path):
    assert machine.video_devices(tmp_path).state is FindingState.MISSING


@pytest.fixture
def system_python(monkeypatch, tmp_path):
    """Make this the Python of a system whose packages belong to apt."""
    (tmp_path / 'EXTERNALLY-MANAGED').touch()
    monkeypatch.setattr(fixes, 'in_own_environment', lambda: False)
    monkeypatch.setattr(sys, 'prefix', sys.base_prefix)
    monkeypatch.setattr(fixes.sysconfig, 'get_path', lambda name: str(tmp_path))


@pytest.fixture
def with_apt(monkeypatch, tmp_path):
    """Make this a system with apt and sudo; give how its packages are installed."""
    monkeypatch.setattr(fixes, 'APT', tmp_path)
    monkeypatch.setattr(fixes.shutil, 'which', lambda name: f'/usr/bin/{name}')
    return 'sudo apt install'


def test_the_python_of_the_system_gets_its_packages_from_apt(system_python, with_apt):
    assert fixes.install_command('numpy', 'python3-numpy') == f'{with_apt} python3-numpy'


def test_where_there_is_no_apt_or_no_sudo_they_are_not_advised(
    system_python, with_apt, monkeypatch
):
    monkeypatch.setattr(fixes.os, 'geteuid', lambda: 0)
    monkeypatch.setattr(fixes.shutil, 'which', lambda name: None)
    assert fixes.apt_command('g++') == 'apt install g++'
    monkeypatch.setattr(fixes, 'APT', Path('/nowhere/apt'))
    assert fixes.apt_command('g++') == ''
    assert 'apt' not in fixes.install_command('numpy', 'python3-numpy')


def test_what_make_setup_does_not_install_is_installed_by_pip(monkeypatch):
    monkeypatch.setattr(fixes, 'in_own_environment', lambda: True)
    monkeypatch.setattr(sys, 'prefix', '/of/an/environment')
    assert fixes.install_command('av', locked=False).endswith('pip install av')


def test_what_apt_does_not_have_goes_into_an_environment(system_python):
    command = fixes.install_command('onnxruntime')
    assert command.startswith('python3 -m venv --system-site-packages ~/.venvs/picosam && ')
    assert command.endswith("bin/activate && pip install 'onnxruntime'")


def test_in_an_environment_its_own_pip_installs(monkeypatch, tmp_path):
    monkeypatch.setattr(fixes, 'in_own_environment', lambda: False)
    monkeypatch.setattr(fixes, 'is_installed', lambda module: True)
    monkeypatch.setattr(sys, 'prefix', str(tmp_path))
    assert fixes.install_command('pyyaml') == f'{sys.executable} -m pip install pyyaml'
    monkeypatch.setenv('VIRTUAL_ENV', str(tmp_path))
    assert fixes.install_command('a<2') == "python -m pip install 'a<2'"
    monkeypatch.setattr(fixes, 'is_installed', lambda module: False)
    monkeypatch.setattr(fixes.shutil, 'which', lambda program: f'/usr/bin/{program}')
    assert fixes.install_command('pyyaml') == 'uv pip install pyyaml'
    monkeypatch.setattr(fixes.shutil, 'which', lambda program: None)
    told = 'python -m ensurepip && python -m pip install pyyaml'
    assert fixes.install_command('pyyaml') == told


def test_in_the_environment_of_the_checkout_make_fixes_it(monkeypatch):
    monkeypatch.setattr(fixes, 'in_own_environment', lambda: True)
    monkeypatch.chdir(fixes.source_root())
    assert fixes.install_command('pyyaml') == 'make setup'
