"""Launch files: their words against the nodes' own tables, and one of them run for real.

The words need no launch, which the wheels of PyPI lack: recorders take its place.
"""

import os
import re
import runpy
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from unittest import mock

import harness
import pytest
from harness import GOODBYE, Client

from picosam_ros.msg import Latency

ROOT = Path(__file__).parents[1]
EXECUTABLES = Path(sys.prefix) / 'lib' / 'picosam_ros'

# What `ros2 launch` does with a path and name:=value.
LAUNCH = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import AnyLaunchDescriptionSource

path, *arguments = sys.argv[1:]
included = IncludeLaunchDescription(
    AnyLaunchDescriptionSource(path), launch_arguments=[a.split(':=') for a in arguments]
)
service = LaunchService()
service.include_launch_description(LaunchDescription([included]))
raise SystemExit(service.run())
"""


@dataclass
class Call:
    """A name of launch or launch_ros, and what a launch file gives to it."""

    name: str
    given: tuple
    named: dict


class Recording:
    """All that a launch file asks for."""

    def __init__(self, path):
        self.calls = []
        modules = re.findall(r'^from (launch[\w.]*) import', path.read_text(), re.MULTILINE)
        with mock.patch.dict(sys.modules, {name: self._recorder(name) for name in modules}):
            self.description = runpy.run_path(str(path))['generate_launch_description']()

    def _recorder(self, module_name):
        module = ModuleType(module_name)
        module.__getattr__ = lambda name: partial(self._record, name)
        return module

    def _record(self, name, /, *given, **named):
        self.calls.append(Call(name, given, named))
        return self.calls[-1]

    def all(self, name):
        return [call for call in self.calls if call.name == name]

    @property
    def arguments(self):
        """The declared arguments by name."""
        return {call.given[0]: call.named for call in self.all('DeclareLaunchArgument')}

    @property
    def nodes(self):
        """Our own."""
        return [call.named for call in self.all('Node') if call.named['package'] == 'picosam_ros']

    @property
    def parameters(self):
        """Give for each parameter that is set: its name, its row in the node's table, its value."""
        for node in self.nodes:
            module = import_module(f'picosam_ros.nodes.{node["executable"]}')
            for parameters in node.get('parameters', []):
                for name, value in parameters.items():
                    rows = [row for row in module.PARAMETERS if row.name == name]
                    yield name, rows[0] if rows else None, value


class Launched:
    """A launch file that runs, in a session of its own, so that Ctrl-C reaches all of it."""

    def __init__(self, path, folder, namespace, **arguments):
        self.namespace = namespace
        self._log = folder / 'log'
        words = [f'{name}:={value}' for name, value in arguments.items()]
        prefixes = [sys.prefix, os.environ.get('AMENT_PREFIX_PATH', '')]
        with self._log.open('wb') as log:
            self._popen = subprocess.Popen(
                [sys.executable, '-c', LAUNCH, path, f'namespace:={namespace}', *words],
                cwd=folder,
                env={**os.environ, 'AMENT_PREFIX_PATH': os.pathsep.join(filter(None, prefixes))},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.running:
            os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.wait()

    @property
    def running(self):
        return self._popen.poll() is None

    @property
    def stderr(self):
        return self._log.read_text()

    def interrupt(self):
        """Press Ctrl-C and return the exit code."""
        os.killpg(self._popen.pid, signal.SIGINT)
        return self._popen.wait(2 * GOODBYE)


@pytest.fixture(
    params=sorted(ROOT.glob('launch/*.launch.py')), ids=lambda path: path.name.partition('.')[0]
)
def file(request):
    return Recording(request.param)


def test_every_file_makes_a_description(file):
    assert file.description.name == 'LaunchDescription'
    assert file.nodes


def test_every_argument_has_a_description_that_is_a_sentence(file):
    for name, argument in file.arguments.items():
        assert re.fullmatch(r'\S.+\.', argument['description']), name


def test_the_arguments_that_are_used_are_those_that_are_declared(file):
    assert {call.given[0] for call in file.all('LaunchConfiguration')} == set(file.arguments)


def test_every_node_is_an_executable_that_is_installed(file):
    for node in file.nodes:
        assert os.access(EXECUTABLES / node['executable'], os.X_OK), node['executable']


def test_every_word_of_a_command_line_is_one_that_the_executable_knows(file):
    for node in file.nodes:
        options = {word for word in node.get('arguments', []) if str(word).startswith('--')}
        if options:
            command = [EXECUTABLES / node['executable'], '--help']
            known = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
            assert options <= set(re.findall(r'--\w+', known))


def test_every_parameter_is_the_nodes_and_keeps_its_type(file):
    for name, row, value in file.parameters:
        assert row, f'no node declares {name}'
        assert value.named['value_type'] is type(row.default), name


def test_every_parameter_has_the_default_and_the_choices_of_the_node(file):
    for name, row, value in file.parameters:
        argument = file.arguments[value.given[0].given[0]]
        kind = type(row.default)
        default = str(row.default).lower() if kind is bool else str(row.default)
        choices = ('true', 'false') if kind is bool else row.choices
        assert argument['default_value'] == default, name
        assert tuple(argument.get('choices', ())) == choices, name


def test_every_file_of_the_package_that_is_named_exists(file):
    for call in file.all('PathJoinSubstitution'):
        [[share, *parts]] = call.given
        assert share.name == 'FindPackageShare'
        assert share.given == ('picosam_ros',)
        assert ROOT.joinpath(*parts).is_file()


def test_an_included_file_gets_arguments_and_values_that_it_allows(file):
    for call in file.all('IncludeLaunchDescription'):
        [source] = call.given
        [path] = source.given
        [[_, *parts]] = path.given
        included = Recording(ROOT.joinpath(*parts))
        for name, value in call.named['launch_arguments']:
            assert value in included.arguments[name].get('choices', [value])


def test_the_camera_is_launched_answers_frames_and_ends_well_on_ctrl_c(tmp_path):
    reason = 'launch_ros is not among the wheels of PyPI; a ROS 2 that is installed has it'
    pytest.importorskip('launch_ros', reason=reason)
    path = ROOT / 'launch' / 'camera.launch.py'
    # An integer for a double and a number for a text, as everybody types them.
    words = {'camera': 'photos', 'source': '', 'rate': 15}
    with harness.ros(), Launched(path, tmp_path, '/launched', **words) as launched:
        client = Client(launched)
        latency = client.subscribe(Latency, 'camera/latency')
        client.wait_for(lambda: len(latency) >= 3)
        assert launched.interrupt() == 0, launched.stderr
        client.close()
    assert '[camera-1]: process has finished cleanly' in launched.stderr
