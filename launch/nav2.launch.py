"""Masks and object clouds for Nav2, started in order by its lifecycle manager; see docs/nav2.md."""

from launch.actions import DeclareLaunchArgument, GroupAction, IncludeLaunchDescription
from launch.conditions import IfCondition, UnlessCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, PythonExpression
from launch_ros.actions import Node, SetParameter, SetRemap
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from picosam_ros.ros.launch_arguments import (
    TRUE_OR_FALSE,
    companion_argument,
    namespace_argument,
    respawn_argument,
)
from picosam_ros.ros.launch_nodes import described, end_together

MANAGER = 'lifecycle_manager_picosam'


def included(name, condition=None, **arguments):
    """Include a launch file; its name is no substitution, so that --show-args finds it."""
    share = FindPackageShare('picosam_ros')
    # Grouped, so that these arguments are not those of what follows. Arguments that only the
    # included file declares, as camera:=, pass through to it.
    return GroupAction(
        [
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(PathJoinSubstitution([share, 'launch', name])),
                # With a manager it starts them; a new process of a node starts itself.
                launch_arguments={
                    'autostart': LaunchConfiguration('respawn'),
                    **arguments,
                }.items(),
            )
        ],
        condition=condition,
    )


def chosen(name):
    """Return the condition that this one computes the masks."""
    return IfCondition(
        PythonExpression(["'", LaunchConfiguration('segmentation'), f"' == '{name}'"])
    )


def generate_launch_description():
    namespace = LaunchConfiguration('namespace')
    name = LaunchConfiguration('name')
    companions = {'with': LaunchConfiguration('with')}
    return described(
        DeclareLaunchArgument(
            'segmentation',
            default_value='segmenter',
            choices=['segmenter', 'camera'],
            description='Node that computes the masks: of any image topic, or of its own camera.',
        ),
        DeclareLaunchArgument(
            'name',
            default_value=LaunchConfiguration('segmentation'),
            description='Name of that node; each node of a namespace needs its own.',
        ),
        DeclareLaunchArgument(
            'autostart',
            default_value='true',
            choices=TRUE_OR_FALSE,
            description='Start the nodes; false waits for a call of the lifecycle manager.',
        ),
        DeclareLaunchArgument(
            'use_sim_time',
            default_value='false',
            choices=TRUE_OR_FALSE,
            description='Use the time of /clock.',
        ),
        namespace_argument(),
        respawn_argument('; the nodes then start themselves, without the lifecycle manager'),
        companion_argument(only='viewer'),
        DeclareLaunchArgument(
            'camera_info',
            default_value='camera_info',
            description='Topic of the calibration of the images.',
        ),
        SetParameter('use_sim_time', LaunchConfiguration('use_sim_time')),
        # For the segmenter's clicks in 3-D.
        SetRemap('camera_info', LaunchConfiguration('camera_info')),
        end_together(namespace, name, 'cloud', MANAGER),
        included('segmenter.launch.py', chosen('segmenter'), **companions),
        included('camera.launch.py', chosen('camera'), **companions),
        included('cloud.launch.py', segmentation=name),
        Node(
            package='nav2_lifecycle_manager',
            executable='lifecycle_manager',
            name=MANAGER,
            namespace=namespace,
            output='screen',
            # It has no bond, so it would not notice that a node is a new process.
            condition=UnlessCondition(LaunchConfiguration('respawn')),
            parameters=[
                {
                    'autostart': ParameterValue(LaunchConfiguration('autostart'), value_type=bool),
                    # Nodes in Python have no bond; with one awaited, the manager would stop them.
                    'bond_timeout': 0.0,
                    # Lists of texts, each of which is put together from a list.
                    'node_names': [[name], ['cloud']],
                }
            ],
        ),
    )
