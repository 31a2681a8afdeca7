"""Masks for any image topic: `ros2 launch picosam_ros segmenter.launch.py image:=/camera/image`."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue


def typed(name, kind=str):
    # Without its type a model that is called `96` would become a number.
    return ParameterValue(LaunchConfiguration(name), value_type=kind)


def generate_launch_description():
    arguments = [
        DeclareLaunchArgument('image', default_value='image', description='Topic of the images.'),
        DeclareLaunchArgument(
            'engine',
            default_value='auto',
            choices=['auto', 'host', 'in_sensor', 'edgesam', 'cascade'],
            description='Who computes the masks.',
        ),
        DeclareLaunchArgument(
            'model',
            default_value='picosam-lite-96',
            description='A name that `picosam doctor` lists, or the path of an .onnx file.',
        ),
        DeclareLaunchArgument(
            'encoder',
            default_value='',
            description='With engine edgesam or cascade: the encoder, an .onnx file of yours.',
        ),
        DeclareLaunchArgument(
            'decoder',
            default_value='',
            description='With engine edgesam or cascade: the decoder, an .onnx file of yours.',
        ),
        DeclareLaunchArgument(
            'runtime',
            default_value='onnxruntime',
            choices=['onnxruntime', 'openvino'],
            description='What runs networks on the CPU.',
        ),
        DeclareLaunchArgument(
            'roi_size',
            default_value='0',
            description='Side of the square around a click, in pixels; 0 lets the engine choose.',
        ),
        DeclareLaunchArgument(
            'track',
            default_value='true',
            choices=['true', 'false'],
            description='Let the squares follow their objects.',
        ),
        DeclareLaunchArgument(
            'autostart',
            default_value='true',
            choices=['true', 'false'],
            description='false leaves the transitions to a lifecycle manager.',
        ),
        DeclareLaunchArgument('namespace', default_value='', description='Prefix of all names.'),
        DeclareLaunchArgument(
            'name', default_value='segmenter', description='Of the node; each one needs its own.'
        ),
    ]
    segmenter = Node(
        package='picosam_ros',
        executable='segmenter',
        name=LaunchConfiguration('name'),
        namespace=LaunchConfiguration('namespace'),
        output='screen',
        parameters=[
            {
                'engine': typed('engine'),
                'model': typed('model'),
                'encoder': typed('encoder'),
                'decoder': typed('decoder'),
                'runtime': typed('runtime'),
                'roi_size': typed('roi_size', int),
                'track': typed('track', bool),
                'autostart': typed('autostart', bool),
            }
        ],
        remappings=[
            ('image', LaunchConfiguration('image')),
            # What rqt_image_view sends when it shows that image.
            ('image_mouse_left', [LaunchConfiguration('image'), '_mouse_left']),
        ],
    )
    return LaunchDescription([*arguments, segmenter])
