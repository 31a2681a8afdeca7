"""Camera and segmentation in one node: `ros2 launch picosam_ros camera.launch.py`."""

from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from picosam_ros.ros.camera.parameters import PARAMETERS
from picosam_ros.ros.launch_arguments import (
    arguments_of,
    companion_argument,
    companion_words,
    enclave_arguments,
    name_arguments,
    respawn,
    respawn_argument,
)
from picosam_ros.ros.launch_nodes import described


def generate_launch_description():
    arguments, parameters = arguments_of(PARAMETERS)
    camera = Node(
        package='picosam_ros',
        executable='camera',
        arguments=companion_words(),
        name=LaunchConfiguration('name'),
        namespace=LaunchConfiguration('namespace'),
        ros_arguments=enclave_arguments(),
        output='screen',
        parameters=[parameters],
        # What rqt_image_view sends when it shows `image_raw`.
        remappings=[('image_mouse_left', 'image_raw_mouse_left')],
        **respawn(),
    )
    return described(
        *arguments, *name_arguments('camera'), respawn_argument(), companion_argument(), camera
    )
