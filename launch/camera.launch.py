"""Camera and segmentation in one process: `ros2 launch picosam_ros camera.launch.py`."""

from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from launch import LaunchDescription


def text(name):
    return ParameterValue(LaunchConfiguration(name), value_type=str)


def generate_launch_description():
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'camera',
                default_value='auto',
                choices=['auto', 'photos', 'video', 'v4l2'],
                description='Where frames come from; auto takes a USB camera.',
            ),
            DeclareLaunchArgument(
                'source',
                default_value='',
                description="Device, file or folder; empty takes the camera's default.",
            ),
            DeclareLaunchArgument('rate', default_value='30.0', description='Frames per second.'),
            DeclareLaunchArgument(
                'frame_id',
                default_value='camera_optical_frame',
                description='Frame of the images: z forward, x right, y down.',
            ),
            DeclareLaunchArgument(
                'engine',
                default_value='auto',
                choices=['auto', 'onnx'],
                description='Who computes the masks.',
            ),
            DeclareLaunchArgument(
                'model',
                default_value='picosam2-96',
                description='A name that `picosam doctor` lists, or the path of an .onnx file.',
            ),
            DeclareLaunchArgument(
                'roi_size',
                default_value='0',
                description='Side of the square around a click, in pixels; 0: automatic.',
            ),
            DeclareLaunchArgument(
                'autostart',
                default_value='true',
                choices=['true', 'false'],
                description='false leaves the transitions to a lifecycle manager.',
            ),
            DeclareLaunchArgument(
                'namespace', default_value='', description='Prefix of all names.'
            ),
            Node(
                package='picosam_ros',
                executable='camera',
                name='camera',
                namespace=LaunchConfiguration('namespace'),
                output='screen',
                parameters=[
                    {
                        'camera': text('camera'),
                        'source': text('source'),
                        'rate': ParameterValue(LaunchConfiguration('rate'), value_type=float),
                        'frame_id': text('frame_id'),
                        'engine': text('engine'),
                        'model': text('model'),
                        'roi_size': ParameterValue(LaunchConfiguration('roi_size'), value_type=int),
                        'autostart': ParameterValue(
                            LaunchConfiguration('autostart'), value_type=bool
                        ),
                    }
                ],
                # What rqt_image_view sends when it shows `image_raw`.
                remappings=[('image_mouse_left', 'image_raw_mouse_left')],
            ),
        ]
    )
