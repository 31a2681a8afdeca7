"""A page in the browser beside a node that runs: `ros2 launch picosam_ros viewer.launch.py`."""

from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from picosam_ros.ros.launch_arguments import (
    arguments_of,
    enclave_arguments,
    name_arguments,
    respawn,
    respawn_argument,
)
from picosam_ros.ros.launch_nodes import described
from picosam_ros.ros.viewer.parameters import PARAMETERS


def generate_launch_description():
    arguments, parameters = arguments_of(PARAMETERS)
    viewer = Node(
        package='picosam_ros',
        executable='viewer',
        name='viewer',
        namespace=LaunchConfiguration('namespace'),
        ros_arguments=enclave_arguments(),
        output='screen',
        parameters=[parameters],
        remappings=[('image', LaunchConfiguration('image'))],
        **respawn(),
    )
    return described(
        *arguments,
        DeclareLaunchArgument(
            'image', default_value='image_raw', description='Topic of the segmented images.'
        ),
        *name_arguments(),
        respawn_argument(),
        viewer,
    )
