"""The doctor on machines that are broken for real: other Pythons, mounts, files, environments."""

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from picosam_ros.models import DEFAULT_MODEL

ROOT = Path(__file__).resolve().parents[3]
PLAIN = {'PATH': '/usr/bin:/bin', 'LANG': 'C.UTF-8'}


def doctor(home, *, python=sys.executable, around=(), root=ROOT, **environment):
    """Run it with nothing of this process's environment; return exit code and findings by name."""
    done = subprocess.run(
        [*around, str(python), '-m', 'picosam_ros', 'doctor', '--json'],
        capture_output=True,
        text=True,
        cwd=root,
        env={**PLAIN, 'HOME': str(home), 'PYTHONDONTWRITEBYTECODE': '1', **environment},
        timeout=110,
    )
    assert done.stderr == ''
    found = {finding['name']: finding for finding in json.loads(done.stdout)['findings']}
    return done.returncode, found


def in_own_mounts(script):
    """Return a command prefix that runs `script` as root where nobody else sees its mounts."""
    prefix = ['unshare', '--mount'] if os.geteuid() == 0 else ['unshare', '-r', '--mount']
    around = [*prefix, 'sh', '-ec', f'{script}\nexec "$@"', 'sh']
    if not shutil.which('unshare'):
        pytest.skip('there is no unshare (util-linux)')
    tried = subprocess.run([*around, 'true'], capture_output=True, text=True, timeout=30)
    if tried.returncode:
        pytest.skip(f'this machine lets nobody mount in a namespace: {tried.stderr.strip()}')
    return around


@pytest.fixture(scope='module')
def bare_python(tmp_path_factory):
    """Return the Python of an environment in which nothing is installed, not even pip."""
    folder = tmp_path_factory.mktemp('bare')
    base = Path(sys._base_executable)
    subprocess.run([base, '-m', 'venv', '--without-pip', folder / 'venv'], check=True, timeout=60)
    return folder / 'venv' / 'bin' / 'python'


def installer(python):
    """Return what installs into that environment on this machine."""
    has_uv = shutil.which('uv', path=PLAIN['PATH'])
    return 'uv pip' if has_uv else f'{python} -m ensurepip && {python} -m pip'


def test_shared_memory_of_64_kilobytes_is_reported_with_the_mount_that_fixes_it(tmp_path):
    around = in_own_mounts('mount -t tmpfs -o size=64k tmpfs /dev/shm')
    code, found = doctor(tmp_path, around=around)
    memory = found['shared memory']
    assert memory['state'] == 'broken'
    assert memory['detail'].endswith(' of 64 kB free; below 64 MB images are lost')
    assert 'size=256' in memory['fix'] or '--shm-size=256m' in memory['fix']
    assert code == 0, 'images take the slow way: nothing that is required is broken'


def test_the_command_that_fixes_shared_memory_does_so(tmp_path):
    command = 'mount -o remount,size=256M /dev/shm'
    around = in_own_mounts(f'mount -t tmpfs -o size=64k tmpfs /dev/shm\n{command}')
    _, found = doctor(tmp_path, around=around)
    assert found['shared memory']['state'] == 'ok'


def test_a_ros_that_is_not_sourced_is_reported_with_its_setup(tmp_path, bare_python):
    ros = tmp_path / 'ros'
    (ros / 'jazzy').mkdir(parents=True)
    (ros / 'jazzy' / 'setup.sh').touch()
    if not Path('/opt').is_dir() or str(bare_python).startswith('/opt'):
        pytest.skip('/opt cannot be replaced here')
    around = in_own_mounts(
        f'mount -t tmpfs tmpfs /opt\nmkdir /opt/ros\nmount --bind {ros} /opt/ros'
    )
    code, found = doctor(tmp_path, python=bare_python, around=around)
    assert code == 1
    assert found['ROS 2']['state'] == 'missing'
    assert found['ROS 2']['detail'] == 'jazzy is installed but not sourced'
    assert found['ROS 2']['fix'] == '. /opt/ros/jazzy/setup.sh'


def test_missing_wheels_are_told_each_with_its_command(tmp_path, bare_python):
    code, found = doctor(tmp_path, python=bare_python)
    assert code == 1
    for name, package in (
        ('NumPy', 'numpy'),
        ('OpenCV', "'opencv-python-headless<5'"),
        ('ONNX Runtime', 'onnxruntime'),
        ('Pillow', 'pillow'),
        ('PyYAML', 'pyyaml'),
    ):
        assert found[name]['state'] == 'missing'
        assert found[name]['required']
        fix = f'{installer(bare_python)} install {package}'
        assert found[name]['fix'] == fix, 'the environment has no pip'


def test_a_package_that_is_there_and_broken_is_reported_with_its_error(tmp_path, bare_python):
    (tmp_path / 'aiohttp').mkdir()
    (tmp_path / 'aiohttp' / '__init__.py').write_text('import cgi_of_python_2')
    _, found = doctor(tmp_path, python=bare_python, PYTHONPATH=str(tmp_path))
    assert found['aiohttp']['state'] == 'broken'
    assert found['aiohttp']['detail'] == "No module named 'cgi_of_python_2'"
    fix = f'{installer(bare_python)} install --force-reinstall aiohttp'
    assert found['aiohttp']['fix'] == fix


def test_of_scikit_image_the_photos_are_looked_for_not_what_its_functions_import(tmp_path):
    pytest.importorskip('skimage')
    (tmp_path / 'lazy_loader.py').write_text('raise ImportError("not in the demo\'s environment")')
    _, found = doctor(tmp_path, PYTHONPATH=str(tmp_path))
    assert found['scikit-image']['state'] == 'ok'


def test_openvino_is_tried_as_the_runtime_loads_it_and_reports_itself_to_nobody(tmp_path):
    pytest.importorskip('openvino')
    (tmp_path / 'openvino_telemetry.py').write_text(
        f'import pathlib; pathlib.Path({str(tmp_path / "reported")!r}).touch()'
    )
    _, found = doctor(tmp_path, PYTHONPATH=str(tmp_path))
    assert found['openvino']['state'] == 'ok'
    assert not (tmp_path / 'reported').exists()


def test_in_an_environment_with_pip_its_own_pip_fixes_it(tmp_path):
    folder = tmp_path / 'venv'
    venv.create(folder, with_pip=True)
    python = folder / 'bin' / 'python'
    _, found = doctor(tmp_path, python=python)
    assert found['NumPy']['fix'] == f'{python} -m pip install numpy'
    _, found = doctor(tmp_path, python=python, VIRTUAL_ENV=str(folder))
    assert found['NumPy']['fix'] == 'python -m pip install numpy'


def other_pythons(minor):
    """Return interpreters of this version that this machine has."""
    found = [shutil.which(f'python3.{minor}')]
    pyenv = Path(os.environ.get('PYENV_ROOT', Path.home() / '.pyenv')) / 'versions'
    found += [*pyenv.glob(f'3.{minor}.*/bin/python3')]
    return [
        path
        for path in found
        if path and not subprocess.run([path, '-c', ''], capture_output=True, timeout=30).returncode
    ]


@pytest.mark.parametrize('minor', [6, 7, 8, 9])
def test_a_python_that_is_too_old_is_reported_before_it_stumbles(minor):
    pythons = other_pythons(minor)
    if not pythons:
        pytest.skip(f'there is no Python 3.{minor} here')
    done = subprocess.run(
        [pythons[0], '-m', 'picosam_ros', 'doctor'],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**PLAIN, 'PYTHONDONTWRITEBYTECODE': '1'},
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f'picosam: Python 3.{minor} was started')
    assert '3.10 is the oldest that works' in done.stderr
    assert 'Traceback' not in done.stderr


def test_a_ros_that_is_sourced_around_an_environment_with_its_own_is_reported(tmp_path):
    code, found = doctor(tmp_path)
    if 'wheels' not in found['ROS 2']['detail']:
        pytest.skip('this environment has no ROS of its own')
    around = {'ROS_DISTRO': 'humble', 'AMENT_PREFIX_PATH': '/opt/ros/humble'}
    code, found = doctor(tmp_path, **around)
    assert code == 1
    ros = found['ROS 2']
    assert (ros['state'], ros['required']) == ('broken', True)
    assert ros['detail'].startswith('humble is sourced around ')
    assert ros['fix'].startswith('unset ROS_DISTRO AMENT_PREFIX_PATH')


def test_an_environment_that_is_activated_around_another_python_is_reported(tmp_path):
    _, found = doctor(tmp_path, VIRTUAL_ENV=str(tmp_path / 'venv'))
    assert found['Python']['state'] == 'broken'
    assert found['Python']['fix'] == f'{tmp_path}/venv/bin/python -m picosam_ros doctor'


def test_a_network_that_is_damaged_is_reported_by_its_hash(tmp_path):
    shutil.copytree(ROOT / 'picosam_ros', tmp_path / 'picosam_ros')
    [network] = (tmp_path / 'picosam_ros' / 'models').glob(f'{DEFAULT_MODEL}.onnx')
    network.write_bytes(network.read_bytes()[:-1] + b'\0')
    code, found = doctor(tmp_path, root=tmp_path)
    assert code == 1
    assert found['model']['state'] == 'broken'
    assert 'models.yaml states' in found['model']['detail']
    assert found['model']['fix']


def test_a_middleware_that_is_not_there_is_reported(tmp_path):
    pytest.importorskip('rclpy')
    code, found = doctor(tmp_path, RMW_IMPLEMENTATION='rmw_cyclonedds_cpp')
    if found['middleware']['state'] == 'ok':
        pytest.skip('this ROS has it')
    assert code == 1
    assert 'rmw_cyclonedds_cpp' in found['middleware']['detail']
    assert found['middleware']['fix'] == 'unset RMW_IMPLEMENTATION'


def test_a_machine_without_a_compiler_is_reported_by_the_doctor_and_by_make_setup(tmp_path):
    tools = tmp_path / 'tools'
    tools.mkdir()
    for name in ('sh', 'uname', 'flock', 'cat'):
        (tools / name).symlink_to(shutil.which(name))
    _, found = doctor(tmp_path, PATH=str(tools))
    assert found['C++ compiler']['state'] == 'missing'
    assert found['C++ compiler']['fix'].endswith('apt install g++')
    done = setup(tmp_path, PATH=str(tools), PYTHON=sys._base_executable)
    assert done.returncode == 1
    assert 'there is no C++ compiler' in done.stderr
    assert 'sudo apt install g++' in done.stderr


def test_a_python_without_headers_is_told_before_anything_is_installed(tmp_path):
    # As python3 of Debian and Ubuntu is without python3-dev.
    bare = "import sysconfig\nsysconfig.get_path = lambda name: '/nowhere'\n"
    (tmp_path / 'sitecustomize.py').write_text(bare)
    done = setup(tmp_path, PYTHON=sys._base_executable, PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert 'has no headers (Python.h)' in done.stderr
    assert 'sudo apt install python3-dev' in done.stderr
    assert not (tmp_path / 'venv').exists()


@pytest.mark.parametrize(
    ('given', 'said'),
    [
        ({'PYTHON': 'python3.99'}, "there is no 'python3.99'"),
        ({'ROS': 'humble', 'LOCK': 'requirements/humble.lock'}, 'it has ROS=jazzy and ROS=kilted'),
    ],
)
def test_make_setup_tells_what_it_cannot_do(given, said, tmp_path):
    done = setup(tmp_path, **given)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.startswith('make setup: ')
    assert not (tmp_path / 'venv').exists()


def setup(folder, **given):
    """Run the first step of `make setup` on a machine that it must refuse."""
    environment = {
        **PLAIN,
        'VENV': str(folder / 'venv'),
        'LOCK': 'requirements/jazzy.lock',
        'STAMP': str(folder / 'stamp'),
        'KIND': str(folder / 'stamp'),
        'PYTHON': 'python3',
        'UV': '',
        'ROS': 'jazzy',
        'SOURCED': '',
        **given,
    }
    return subprocess.run(
        ['/bin/sh', 'scripts/setup.sh', 'packages'],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        timeout=60,
    )
