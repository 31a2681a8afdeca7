"""Masks for any image topic: `ros2 launch picosam_ros segmenter.launch.py image:=/camera/image`."""

from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

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
from picosam_ros.ros.segmentation.parameters import PARAMETERS


def generate_launch_description():
    arguments, parameters = arguments_of(PARAMETERS)
    image = LaunchConfiguration('image')
    segmenter = Node(
        package='picosam_ros',
        executable='segmenter',
        arguments=companion_words(),
        name=LaunchConfiguration('name'),
        namespace=LaunchConfiguration('namespace'),
        ros_arguments=enclave_arguments(),
        output='screen',
        parameters=[parameters],
        # The second is what rqt_image_view sends when it shows that image.
        remappings=[('image', image), ('image_mouse_left', [image, '_mouse_left'])],
        **respawn(),
    )
    return described(
        DeclareLaunchArgument('image', default_value='image', description='Topic of the images.'),
        *arguments,
        *name_arguments('segmenter'),
        respawn_argument(),
        companion_argument(),
        segmenter,
    )
