"""What package.xml, the build and the folders promise, checked on the installed package."""

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from helpers import installed
from helpers.imports import ROOT, imported_names, module_name, python_files

import picosam_ros

PACKAGE = ROOT / 'picosam_ros'
NODES = sorted(
    path.stem for path in PACKAGE.glob('nodes/[!_]*.py') if '\ndef main(' in path.read_text()
)
FOLDERS = ('picosam_ros', 'launch', 'test', 'training', 'benchmarks', 'scripts')
LOCKS = sorted(ROOT.glob('requirements/**/*.lock'))

# Python modules of ROS, and the package that brings each where the name is another.
ROS_MODULE = re.compile(r'\w+_msgs|\w+_srvs|launch\w*|rcl\w+|rosidl\w*|tf2\w*|\w+_interfaces')
ROS_MODULES = {'ament_index_python', 'cv_bridge', 'message_filters', 'rosbag2_py'}
# Ours that need ROS: to import them is to import ROS.
OURS_WITH_ROS = {f'picosam_ros.{room}' for room in ('msg', 'srv', 'ros', 'nodes')}
BROUGHT_BY = {'tf2_ros': 'tf2_ros_py'}

# They talk to a running node, and import ROS when they run: until then they are the core's.
LATE_IMPORTERS_OF_ROS = tuple(
    f'picosam_ros/commands/{name}.py' for name in ('arguments', 'latency', 'prompt', 'watch')
)
ROOMS_OF_ROS = ('picosam_ros/ros', 'picosam_ros/nodes', 'launch', 'test', 'benchmarks', 'scripts')


def top(module: str) -> str:
    return module.partition('.')[0]


def is_ros(module: str) -> bool:
    if '.'.join(module.split('.')[:2]) in OURS_WITH_ROS:
        return True
    return top(module) in ROS_MODULES or bool(ROS_MODULE.fullmatch(top(module)))


def is_in(path: Path, rooms: tuple[str, ...]) -> bool:
    return any(path.is_relative_to(ROOT / room) for room in rooms)


def importers(unwanted, allowed: tuple[str, ...]) -> list[str]:
    """Tell which files outside of the allowed rooms import an unwanted module."""
    return [
        f'{path.relative_to(ROOT)} imports {module}'
        for path in python_files(*FOLDERS)
        if not is_in(path, allowed)
        for module in imported_names(path)
        if unwanted(module)
    ]


@pytest.fixture(scope='session')
def prefix() -> Path:
    """Return the prefix into which the package was built."""
    pytest.importorskip('picosam_ros.msg', reason='the messages are not built')
    return installed.prefix()


@pytest.fixture(scope='session')
def manifest() -> ElementTree.Element:
    return ElementTree.parse(ROOT / 'package.xml').getroot()


def run_bare(*command: str, cwd: Path, home: Path) -> subprocess.CompletedProcess:
    """Run a command with nothing of this process's environment."""
    environment = {'HOME': str(home), 'PATH': '/usr/bin:/bin'}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def self_contained(prefix):
    """Skip where ROS or the package lie outside of this Python's own environment."""
    import rclpy

    if prefix != Path(sys.prefix) or not Path(rclpy.__file__).is_relative_to(prefix):
        pytest.skip('a ROS 2 that is sourced needs the environment that sourcing makes')


def test_package_xml_follows_format_3_and_has_what_a_release_needs(manifest):
    assert manifest.tag == 'package'
    assert manifest.get('format') == '3'
    assert manifest.findtext('name') == 'picosam_ros'
    assert manifest.findtext('license') == 'Apache-2.0'
    assert (ROOT / manifest.find('license').get('file')).is_file()
    assert manifest.findtext('member_of_group') == 'rosidl_interface_packages'
    assert manifest.findtext('export/build_type') == 'ament_cmake'


def test_the_module_has_the_version_of_package_xml(manifest):
    assert picosam_ros.__version__ == manifest.findtext('version')


def test_pip_installs_under_the_name_and_version_of_package_xml(manifest):
    asked = [sys.executable, 'setup.py', '--quiet', '--name', '--version', '--license']
    told = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=60)
    if 'No module named' in told.stderr:
        pytest.skip('setuptools is not installed here')
    assert told.stdout.split() == [manifest.findtext(tag) for tag in ('name', 'version', 'license')]


def test_every_ros_package_that_is_imported_is_declared(manifest):
    declared = {element.text for element in manifest if element.tag.endswith('depend')}
    imported = {
        top(module)
        for path in python_files('picosam_ros', 'launch')
        for module in imported_names(path)
        if is_ros(module)
    }
    needed = {BROUGHT_BY.get(name, name) for name in imported - {'picosam_ros'}}
    assert needed <= declared


def test_ros_is_imported_in_its_rooms_only():
    assert importers(is_ros, (*ROOMS_OF_ROS, *LATE_IMPORTERS_OF_ROS)) == []


def test_picamera2_is_imported_by_the_cameras_that_drive_it_only():
    allowed = ('picosam_ros/cameras/picamera', 'test')
    assert importers(lambda module: top(module) == 'picamera2', allowed) == []


def test_torch_is_imported_by_the_training_only():
    allowed = ('training', 'test/training', 'test/helpers/ranked.py')
    assert importers(lambda module: top(module).startswith('torch'), allowed) == []


def test_the_whole_core_can_be_imported_where_there_is_no_ros(tmp_path):
    core = [
        module_name(path)
        for path in PACKAGE.rglob('*.py')
        if not is_in(path, ROOMS_OF_ROS) and path.name != '__main__.py'
    ]
    # None in sys.modules makes an import of that name fail.
    program = (
        'import sys; from importlib import import_module\n'
        "sys.modules.update({'rclpy': None, 'sensor_msgs': None, 'picamera2': None, 'torch': None})"
        f'\nfor name in {core}: import_module(name)'
    )
    done = run_bare(sys.executable, '-c', program, cwd=ROOT, home=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize('name', [*NODES, 'picosam'])
def test_every_executable_is_installed_and_can_be_executed(name, prefix):
    path = prefix / 'lib' / 'picosam_ros' / name
    assert path.is_file(), 'make setup installs it'
    assert os.access(path, os.X_OK)


@pytest.mark.usefixtures('self_contained')
def test_the_command_runs_in_an_empty_environment_from_any_folder(prefix, tmp_path):
    done = run_bare(str(prefix / 'bin' / 'picosam'), '--help', cwd=tmp_path, home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('usage: picosam')


@pytest.mark.usefixtures('self_contained')
@pytest.mark.parametrize('place', ['the source folder', 'another folder'])
def test_messages_load_in_an_empty_environment(place, tmp_path):
    program = (
        'import rclpy; from picosam_ros.msg import MaskArray; from picosam_ros.srv import Segment\n'
        'rclpy.init()\n'
        "node = rclpy.create_node('test_package')\n"
        "node.create_publisher(MaskArray, 'masks', 1)\n"
        "node.create_client(Segment, 'segment')\n"
        'rclpy.shutdown()'
    )
    cwd = ROOT if place == 'the source folder' else tmp_path
    done = run_bare(sys.executable, '-c', program, cwd=cwd, home=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize('kind', ['msg', 'srv'])
def test_every_interface_of_the_source_is_built(kind, prefix):
    sources = {path.stem for path in (ROOT / kind).glob(f'*.{kind}')}
    installed = {path.stem for path in (prefix / 'share/picosam_ros' / kind).glob(f'*.{kind}')}
    assert sources == installed


@pytest.mark.parametrize('folder', ['launch', 'config', 'rviz'])
def test_every_shared_file_is_installed(folder, prefix):
    sources = {
        str(path.relative_to(ROOT))
        for path in (ROOT / folder).rglob('*')
        if path.is_file() and '__pycache__' not in path.parts
    }
    assert all((prefix / 'share' / 'picosam_ros' / source).is_file() for source in sources)


@pytest.mark.parametrize(
    'lock', LOCKS, ids=lambda path: str(path.relative_to(ROOT / 'requirements'))
)
def test_a_lock_pins_every_package_by_hash_and_names_no_host(lock):
    text = lock.read_text()
    assert '://' not in text
    # One entry: 'name==version ; markers \' and its hashes in lines of their own.
    for entry in re.split(r'\n(?=\S)', text.strip()):
        assert re.match(r'[\w.-]+(\[\w+\])?==\S+ ', entry), entry
        assert re.search(r'--hash=sha256:[0-9a-f]{64}$', entry), entry
