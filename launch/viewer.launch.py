"""A page in the browser beside a node that runs: `ros2 launch picosam_ros viewer.launch.py`."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue


def typed(name, kind=str):
    # Without its type a text that looks like a number would become one.
    return ParameterValue(LaunchConfiguration(name), value_type=kind)


def generate_launch_description():
    arguments = [
        DeclareLaunchArgument(
            'segmentation',
            default_value='camera',
            description='Name of the node whose masks are shown: camera, or segmenter.',
        ),
        DeclareLaunchArgument(
            'image',
            default_value='image_raw',
            description='Topic of the images that it segments.',
        ),
        DeclareLaunchArgument(
            'address',
            default_value='127.0.0.1',
            description='Address to serve on; 0.0.0.0 lets other machines in, with a token.',
        ),
        DeclareLaunchArgument('port', default_value='8080', description='Port of the page.'),
        DeclareLaunchArgument('namespace', default_value='', description='Prefix of all names.'),
    ]
    viewer = Node(
        package='picosam_ros',
        executable='viewer',
        name='viewer',
        namespace=LaunchConfiguration('namespace'),
        output='screen',
        parameters=[
            {
                'segmentation': typed('segmentation'),
                'address': typed('address'),
                'port': typed('port', int),
            }
        ],
        remappings=[('image', LaunchConfiguration('image'))],
    )
    return LaunchDescription([*arguments, viewer])
