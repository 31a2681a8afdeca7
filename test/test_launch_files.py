"""Launch files: their words against the nodes' own tables, and one of them run for real.

The words need no launch, which the wheels of PyPI lack: recorders take its place.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from helpers import harness
from helpers.harness import GOODBYE, Client
from helpers.installed import executable, prefix
from helpers.launch_recording import Call, Recording
from sensor_msgs.msg import Image

from picosam_ros.engines import ENGINES
from picosam_ros.msg import Latency
from picosam_ros.nodes.companions import COMPANIONS

ROOT = Path(__file__).parents[1]

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
service = LaunchService(argv=arguments)
service.include_launch_description(LaunchDescription([included]))
raise SystemExit(service.run())
"""

# What a robot with two cameras writes.
TWO_CAMERAS = """
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

def generate_launch_description():
    def camera(**arguments):
        return IncludeLaunchDescription(
            PythonLaunchDescriptionSource('{included}'),
            launch_arguments={{'camera': 'photos', 'rate': '5', **arguments}}.items(),
        )
    return LaunchDescription([
        DeclareLaunchArgument('namespace', default_value=''),
        camera(namespace='/two/left'),
        camera(namespace='/two/right', name='front'),
    ])
"""

# What a robot writes that includes a file of ours, in a namespace.
PUSHED = """
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, GroupAction, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import PushRosNamespace

def generate_launch_description():
    included = IncludeLaunchDescription(
        PythonLaunchDescriptionSource('{included}'), launch_arguments={arguments}.items()
    )
    return LaunchDescription([
        DeclareLaunchArgument('mine', default_value=''),
        GroupAction([PushRosNamespace('pushed'), included]),
    ])
"""

# What Nav2's lifecycle manager does with its parameters; it is not installed with launch.
MANAGER = """
import rclpy
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.node import Node

rclpy.init()
node = Node('lifecycle_manager', automatically_declare_parameters_from_overrides=True)
names, autostart, bond_timeout = (
    node.get_parameter(name).value for name in ('node_names', 'autostart', 'bond_timeout')
)
assert (autostart, bond_timeout) == (True, 0.0), (autostart, bond_timeout)
for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
    for name in names:
        client = node.create_client(ChangeState, name + '/change_state')
        client.wait_for_service()
        future = client.call_async(ChangeState.Request(transition=Transition(id=transition)))
        rclpy.spin_until_future_complete(node, future)
        assert future.result().success, name
print('started', ', '.join(names), flush=True)
try:
    rclpy.spin(node)
except (KeyboardInterrupt, rclpy.executors.ExternalShutdownException):
    pass
"""


class Launched:
    """A launch file that runs, in a session of its own, so that Ctrl-C reaches all of it."""

    def __init__(self, path, folder, namespace, **arguments):
        self.namespace = namespace
        self._log = folder / 'log'
        words = [f'{name}:={value}' for name, value in arguments.items()]
        prefixes = [str(prefix()), os.environ.get('AMENT_PREFIX_PATH', '')]
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
        # Nodes are left where the launch itself has ended badly.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()

    @property
    def running(self):
        return self._popen.poll() is None

    @property
    def stderr(self):
        return self._log.read_text()

    def wait(self):
        """Wait for its end; return the exit code."""
        return self._popen.wait(harness.PATIENCE)

    def processes(self):
        """Give the ids of those of its session that are left."""
        found = subprocess.run(
            ['ps', '-o', 'pid=', '-s', str(self._popen.pid)], capture_output=True, text=True
        )
        return found.stdout.split()

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
    assert file.all('Node')


def test_every_argument_has_a_description_that_is_a_sentence(file):
    for name, argument in file.arguments.items():
        assert re.fullmatch(r'\S.+\.', argument['description']), name


def test_the_arguments_that_are_used_are_those_that_are_declared(file):
    assert {call.given[0] for call in file.all('LaunchConfiguration')} == set(file.arguments)


def test_an_argument_has_the_default_and_the_choices_of_its_parameter():
    camera = Recording(ROOT / 'launch' / 'camera.launch.py')
    assert camera.arguments['rate'] == {
        'default_value': '30.0',
        'description': 'Frame rate, in Hz.',
    }
    assert camera.arguments['track']['choices'] == ['true', 'false']
    assert camera.arguments['track']['default_value'] == 'true'
    assert camera.arguments['engine']['choices'] == list(ENGINES)
    kinds = {name: value.named['value_type'] for name, _, value in camera.parameters}
    assert (kinds['source'], kinds['rate'], kinds['roi_size'], kinds['track']) == (
        str,
        float,
        int,
        bool,
    )


@pytest.mark.parametrize('name', ['camera', 'segmenter', 'viewer', 'cloud'])
def test_every_parameter_of_a_node_is_an_argument_of_its_launch_file(name):
    table = import_module(f'picosam_ros.nodes.{name}').PARAMETERS
    arguments = Recording(ROOT / 'launch' / f'{name}.launch.py').arguments
    assert {row.name for row in table} <= set(arguments)


@pytest.mark.parametrize(('name', 'own'), [('nav2', 'cloud'), ('demo', 'viewer')])
def test_a_node_that_a_file_starts_itself_is_no_companion_of_another_one(name, own):
    argument = Recording(ROOT / 'launch' / f'{name}.launch.py').arguments['with']
    assert argument['choices'] == ['', *(COMPANIONS.keys() - {own})]


def test_what_the_nodes_need_is_looked_for_before_anything_starts(file):
    [entities] = file.description.given
    kinds = [each.name for each in entities if each.name != 'DeclareLaunchArgument']
    look = next(each for each in entities if each.name == 'OpaqueFunction')
    assert kinds[0] == 'OpaqueFunction'
    assert look.named['function'].__name__ == '_look_for'
    assert look.named['args'] == [file.all('Node')]


def test_every_node_of_ours_can_be_started_again(file):
    for node in file.nodes:
        assert node['respawn'].given == ('respawn',)
        assert node['respawn_delay'] > 0
    assert file.arguments['respawn']['default_value'] == 'false'


def test_every_node_is_an_executable_that_is_installed(file):
    for node in file.nodes:
        assert os.access(executable(node['executable']), os.X_OK), node['executable']


def test_every_word_of_a_command_line_is_one_that_the_executable_knows(file):
    for node in file.nodes:
        options = {word for word in node.get('arguments', []) if str(word).startswith('--')}
        if options:
            command = [executable(node['executable']), '--help']
            known = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
            assert options <= set(re.findall(r'--\w+', known))


def test_every_parameter_is_the_nodes_and_keeps_its_type(file):
    for name, row, value in file.parameters:
        assert row, f'no node declares {name}'
        assert value.named['value_type'] is type(row.default), name


def test_a_value_that_is_fixed_is_one_of_the_parameters(file):
    for name, row, value in file.settings:
        if not isinstance(value, Call):
            assert row, f'no node declares {name}'
            assert type(value) is type(row.default), name


def test_every_file_of_the_package_that_is_named_exists(file):
    for call in file.all('PathJoinSubstitution'):
        assert all(path.is_file() for path in file.files(call))


def test_an_included_file_gets_arguments_and_values_that_it_allows(file):
    for call in file.all('IncludeLaunchDescription'):
        [source] = call.given
        [path] = source.given
        # A path that ends with an argument is a list: the ending follows.
        for included in map(Recording, file.files(path[0] if isinstance(path, list) else path)):
            for name, value in call.named['launch_arguments']:
                # What one of several files does not declare, it does not need.
                argument = included.arguments.get(name, {})
                assert isinstance(value, Call) or value in argument.get('choices', [value])


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


def test_two_cameras_are_launched_side_by_side(tmp_path):
    reason = 'launch_ros is not among the wheels of PyPI; a ROS 2 that is installed has it'
    pytest.importorskip('launch_ros', reason=reason)
    path = tmp_path / 'two.launch.py'
    included = str(ROOT / 'launch' / 'camera.launch.py')
    path.write_text(TWO_CAMERAS.format(included=included))
    with harness.ros(), Launched(path, tmp_path, '/two') as launched:
        client = Client(launched)
        topics = ['left/camera/latency', 'right/front/latency']
        inboxes = [client.subscribe(Latency, f'/two/{topic}') for topic in topics]
        client.wait_for(lambda: all(len(inbox) >= 3 for inbox in inboxes))
        assert launched.interrupt() == 0, launched.stderr
        client.close()


@pytest.fixture
def real_launch():
    reason = 'launch_ros is not among the wheels of PyPI; a ROS 2 that is installed has it'
    pytest.importorskip('launch_ros', reason=reason)


def is_installed(package):
    prefixes = [sys.prefix, *os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)]
    index = 'share/ament_index/resource_index/packages'
    return any(Path(prefix, index, package).exists() for prefix in prefixes)


def failed(tmp_path, file, namespace='/failing', **words):
    """Launch a file that must fail; return what it wrote, once nothing of it runs."""
    with Launched(ROOT / 'launch' / file, tmp_path, namespace, **words) as launched:
        assert launched.wait() == 1, launched.stderr
        assert launched.processes() == [], launched.stderr
        return launched.stderr


@pytest.mark.parametrize(
    ('file', 'words', 'package'),
    [
        ('nav2.launch.py', {}, 'nav2-lifecycle-manager'),
        ('demo.launch.py', {'rviz': 'true'}, 'rviz2'),
    ],
)
def test_a_package_that_is_missing_is_told_before_anything_starts(
    tmp_path, monkeypatch, real_launch, file, words, package
):
    if is_installed(package.replace('-', '_')):
        pytest.skip(f'{package} is installed here')
    monkeypatch.setenv('ROS_DISTRO', 'jazzy')
    written = failed(tmp_path, file, **words)
    assert f'sudo apt install ros-jazzy-{package}, or source the workspace' in written
    assert 'process started' not in written


def test_an_error_while_nodes_run_leaves_none_of_them(tmp_path, stand_in, real_launch):
    words = {'segmentation': 'camera', 'camera': 'photos', 'max_depth': 'far'}
    written = failed(tmp_path, 'nav2.launch.py', **words)
    assert "could not convert string to float: 'far'" in written
    assert '[camera-1]: process started' in written


def test_a_node_that_cannot_start_makes_the_exit_code_1(tmp_path, real_launch):
    written = failed(tmp_path, 'camera.launch.py', camera='photos', source='/nowhere')
    assert '/nowhere is not a folder' in written
    assert 'camera-1 failed, see above' in written


def test_with_a_node_that_cannot_start_those_that_need_it_end(tmp_path, stand_in, real_launch):
    words = {'segmentation': 'camera', 'camera': 'photos', 'max_depth': -5.0}
    written = failed(tmp_path, 'nav2.launch.py', **words)
    assert 'cloud-2 failed, see above' in written


def test_they_end_in_a_namespace_that_was_pushed_too(tmp_path, stand_in, real_launch):
    path = tmp_path / 'robot.launch.py'
    words = {'segmentation': 'camera', 'camera': 'photos', 'max_depth': '-5.0'}
    path.write_text(PUSHED.format(included=ROOT / 'launch' / 'nav2.launch.py', arguments=words))
    assert 'cloud-2 failed, see above' in failed(tmp_path, path, namespace='below')


def test_a_node_that_ends_is_started_again_where_that_is_asked_for(tmp_path, real_launch):
    path = ROOT / 'launch' / 'camera.launch.py'
    words = {'camera': 'photos', 'source': '/nowhere', 'respawn': 'true'}
    with harness.ros(), Launched(path, tmp_path, '/again', **words) as launched:
        client = Client(launched)
        client.wait_for(lambda: launched.stderr.count('/nowhere is not a folder') >= 2)
        assert launched.interrupt() == 0, launched.stderr
        client.close()


def test_an_argument_that_nobody_reads_is_told(tmp_path, real_launch):
    words = {'camera': 'photos', 'source': '/nowhere', 'network': 'x'}
    written = failed(tmp_path, 'camera.launch.py', **words)
    assert "'network' has no effect" in written
    assert "did you mean 'sensor_network'?" in written
    assert "'namespace' has no effect" not in written


@pytest.mark.parametrize(
    ('file', 'known'),
    [
        ('nav2.launch.py', {'segmentation': 'camera', 'rate': 5, 'mode': 'depth'}),
        ('demo.launch.py', {'roi_size': 200, 'port': 0}),
    ],
)
def test_it_is_told_by_a_file_that_includes_others_whose_arguments_are_read(
    tmp_path, stand_in, real_launch, file, known
):
    # One that is refused, so that nothing runs for long.
    words = {'max_age': 'old', 'camera': 'photos', **known}
    written = failed(tmp_path, file, nonsense=1, **words)
    [told] = [line for line in written.splitlines() if 'no effect' in line]
    assert "'nonsense' has no effect" in told


def test_arguments_of_a_robots_own_file_are_not_called_unknown(tmp_path, real_launch):
    path = tmp_path / 'camera.launch.py'
    words = {'camera': 'photos', 'source': '/nowhere'}
    path.write_text(PUSHED.format(included=ROOT / 'launch' / 'camera.launch.py', arguments=words))
    written = failed(tmp_path, path, mine='x')
    assert '/nowhere is not a folder' in written
    assert 'no effect' not in written


@pytest.fixture(scope='module')
def nav2():
    return Recording(ROOT / 'launch' / 'nav2.launch.py')


def test_nav2s_manager_waits_for_no_bond_and_starts_the_masks_before_the_clouds(nav2):
    [manager] = [
        call.named for call in nav2.all('Node') if call.named['executable'] == 'lifecycle_manager'
    ]
    [parameters] = manager['parameters']
    assert manager['package'] == 'nav2_lifecycle_manager'
    assert parameters['bond_timeout'] == 0.0
    assert isinstance(parameters['bond_timeout'], float)
    [[masks], [clouds]] = parameters['node_names']
    assert masks.given == ('name',)
    assert clouds == 'cloud'


def test_what_nav2s_manager_starts_does_not_start_itself_but_in_a_new_process(nav2):
    includes = nav2.all('IncludeLaunchDescription')
    # Each in a group: its autostart would be the manager's, too.
    assert [group.given for group in nav2.all('GroupAction')] == [([each],) for each in includes]
    for include in includes:
        assert dict(include.named['launch_arguments'])['autostart'].given == ('respawn',)
    [manager] = nav2.all('Node')
    assert manager.named['condition'].name == 'UnlessCondition'
    assert manager.named['condition'].given[0].given == ('respawn',)


def test_what_nav2_includes_has_a_plain_name_so_that_its_arguments_are_shown(nav2):
    names = [call.given[0][-1] for call in nav2.all('PathJoinSubstitution')]
    assert names == ['segmenter.launch.py', 'camera.launch.py', 'cloud.launch.py']


def test_the_clouds_hear_the_masks_of_the_node_that_is_chosen(nav2):
    cloud = Recording(ROOT / 'launch' / 'cloud.launch.py')
    remappings = dict(cloud.nodes[0]['remappings'])
    for topic in ('label_mask', 'confidence'):
        [node, name] = remappings[topic]
        assert (node.given, name) == (('segmentation',), f'/{topic}')
    given = dict(nav2.all('IncludeLaunchDescription')[-1].named['launch_arguments'])
    assert given['segmentation'].given == ('name',)


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Put a package with the name of Nav2's manager where launch finds it."""
    (tmp_path / 'share/ament_index/resource_index/packages').mkdir(parents=True)
    (tmp_path / 'share/ament_index/resource_index/packages/nav2_lifecycle_manager').touch()
    executable = tmp_path / 'lib/nav2_lifecycle_manager/lifecycle_manager'
    executable.parent.mkdir(parents=True)
    executable.write_text(f'#!{sys.executable}\n{MANAGER}')
    executable.chmod(0o755)
    prefixes = [str(tmp_path), os.environ.get('AMENT_PREFIX_PATH', '')]
    monkeypatch.setenv('AMENT_PREFIX_PATH', os.pathsep.join(filter(None, prefixes)))


def test_masks_and_clouds_are_launched_and_started_by_a_manager(tmp_path, stand_in):
    reason = 'launch_ros is not among the wheels of PyPI; a ROS 2 that is installed has it'
    pytest.importorskip('launch_ros', reason=reason)
    path = ROOT / 'launch' / 'nav2.launch.py'
    words = {'segmentation': 'camera', 'camera': 'photos', 'mode': 'ground', 'camera_height': 1}
    with harness.ros(), Launched(path, tmp_path, '/managed', **words) as launched:
        client = Client(launched)
        client.wait_for(lambda: 'started camera, cloud' in launched.stderr)
        masks = client.subscribe(Image, 'camera/label_mask')
        client.wait_for(lambda: masks)
        client.wait_for(lambda: client.node.count_subscribers('/managed/camera/label_mask') == 2)
        assert launched.interrupt() == 0, launched.stderr
        client.close()
