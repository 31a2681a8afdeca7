"""Objects in 3-D beside a node that makes masks: `ros2 launch picosam_ros cloud.launch.py`."""

from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from picosam_ros.ros.cloud.parameters import PARAMETERS
from picosam_ros.ros.launch_arguments import (
    arguments_of,
    enclave_arguments,
    name_arguments,
    respawn,
    respawn_argument,
)
from picosam_ros.ros.launch_nodes import described

# Argument to default and description.
NAMES = {
    'segmentation': ('segmenter', 'Name of the node whose masks are used: segmenter or camera.'),
    'depth': ('depth', 'Topic of the depth, aligned to the images (mode depth).'),
    'camera_info': ('camera_info', 'Topic of the calibration of the images.'),
    'pose': ('cloud/pose', "Topic of the object's pose; goal_update lets Nav2 follow it."),
}


def generate_launch_description():
    arguments, parameters = arguments_of(PARAMETERS)
    segmentation = LaunchConfiguration('segmentation')
    cloud = Node(
        package='picosam_ros',
        executable='cloud',
        name='cloud',
        namespace=LaunchConfiguration('namespace'),
        ros_arguments=enclave_arguments(),
        output='screen',
        parameters=[parameters],
        remappings=[
            ('label_mask', [segmentation, '/label_mask']),
            ('confidence', [segmentation, '/confidence']),
            ('depth', LaunchConfiguration('depth')),
            ('camera_info', LaunchConfiguration('camera_info')),
            ('~/pose', LaunchConfiguration('pose')),
        ],
        **respawn(),
    )
    return described(
        *(
            DeclareLaunchArgument(name, default_value=default, description=description)
            for name, (default, description) in NAMES.items()
        ),
        *arguments,
        *name_arguments(),
        respawn_argument(),
        cloud,
    )
