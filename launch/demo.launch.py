"""Photos seen by a camera in the hand, somebody who points at objects in them, and a page."""

from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    RegisterEventHandler,
    Shutdown,
)
from launch.conditions import IfCondition, UnlessCondition
from launch.event_handlers import OnProcessExit
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from picosam_ros.ros.launch_arguments import companion_argument, respawn, respawn_argument
from picosam_ros.ros.launch_nodes import described


def generate_launch_description():
    share = FindPackageShare('picosam_ros')
    return described(
        DeclareLaunchArgument(
            'output',
            default_value='demo',
            description='Folder for the overlay images.',
        ),
        DeclareLaunchArgument(
            'rviz',
            default_value='false',
            choices=['true', 'false'],
            description='Show the overlay in RViz.',
        ),
        respawn_argument(),
        companion_argument(only='cloud'),
        # Who ends, ends all: none of them makes sense alone.
        RegisterEventHandler(
            OnProcessExit(on_exit=[Shutdown()]),
            condition=UnlessCondition(LaunchConfiguration('respawn')),
        ),
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(
                PathJoinSubstitution([share, 'launch', 'camera.launch.py'])
            ),
            launch_arguments={'camera': 'photos', 'with': LaunchConfiguration('with')}.items(),
        ),
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(
                PathJoinSubstitution([share, 'launch', 'viewer.launch.py'])
            ),
            launch_arguments={'segmentation': 'camera', 'image': 'image_raw'}.items(),
        ),
        Node(
            package='picosam_ros',
            executable='demo',
            output='screen',
            arguments=['--attach', '--output', LaunchConfiguration('output')],
            **respawn(),
        ),
        Node(
            package='rviz2',
            executable='rviz2',
            arguments=['-d', PathJoinSubstitution([share, 'rviz', 'picosam.rviz'])],
            condition=IfCondition(LaunchConfiguration('rviz')),
            **respawn(),
        ),
    )
