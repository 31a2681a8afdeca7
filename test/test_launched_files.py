"""Launch files that run, where ROS has launch: what is told, what ends, what starts again."""

import os
import sys
from pathlib import Path

import pytest
from helpers import harness
from helpers.harness import Client
from helpers.launched import Launched
from sensor_msgs.msg import Image

from picosam_ros.msg import Latency

ROOT = Path(__file__).parents[1]

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


@pytest.fixture
def real_launch():
    reason = 'launch_ros is not among the wheels of PyPI; a ROS 2 that is installed has it'
    pytest.importorskip('launch_ros', reason=reason)


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


def test_the_camera_is_launched_answers_frames_and_ends_well_on_ctrl_c(tmp_path, real_launch):
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


def test_two_cameras_are_launched_side_by_side(tmp_path, real_launch):
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


def test_masks_and_clouds_are_launched_and_started_by_a_manager(tmp_path, stand_in, real_launch):
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
