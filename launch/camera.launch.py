"""Camera and segmentation in one process: `ros2 launch picosam_ros camera.launch.py`."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue


def typed(name, kind=str):
    # Without its type `source:=2` would become a number, and `rate:=15` no double.
    return ParameterValue(LaunchConfiguration(name), value_type=kind)


def generate_launch_description():
    arguments = [
        DeclareLaunchArgument(
            'camera',
            default_value='auto',
            choices=['auto', 'imx500', 'photos', 'picamera', 'video', 'v4l2'],
            description='Where frames come from; auto takes the best camera that is there.',
        ),
        DeclareLaunchArgument(
            'source',
            default_value='',
            description="Device, file or folder of the camera; empty takes the camera's default.",
        ),
        DeclareLaunchArgument(
            'sensor_network',
            default_value='',
            description='The network.rpk that the IMX500 runs; without it, it is a mere camera.',
        ),
        DeclareLaunchArgument(
            'simulate',
            default_value='false',
            choices=['true', 'false'],
            description='Take a simulated IMX500; it needs no hardware.',
        ),
        DeclareLaunchArgument(
            'faults',
            default_value='',
            description='What goes wrong with it, for example missing=0.3,roi_lag=2.',
        ),
        DeclareLaunchArgument('rate', default_value='30.0', description='Frames per second.'),
        DeclareLaunchArgument(
            'frame_id',
            default_value='camera_optical_frame',
            description='Frame of the images: z forward, x right, y down.',
        ),
        DeclareLaunchArgument(
            'camera_info_url',
            default_value='',
            description='The calibration, as camera_calibration writes it: a path or file:///PATH.',
        ),
        DeclareLaunchArgument(
            'engine',
            default_value='auto',
            choices=['auto', 'host', 'in_sensor', 'edgesam', 'cascade'],
            description='Who computes the masks.',
        ),
        DeclareLaunchArgument(
            'roi_settle_frames',
            default_value='3',
            description="Frames that may show the IMX500's old ROI; picosam sensor-check tells.",
        ),
        DeclareLaunchArgument(
            'fallback_policy',
            default_value='fill_gaps',
            choices=['fill_gaps', 'on_failure', 'sensor_only', 'host_only'],
            description='How the host stands in for the sensor.',
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
            'name', default_value='camera', description='Of the node; each one needs its own.'
        ),
    ]
    camera = Node(
        package='picosam_ros',
        executable='camera',
        name=LaunchConfiguration('name'),
        namespace=LaunchConfiguration('namespace'),
        output='screen',
        parameters=[
            {
                'camera': typed('camera'),
                'source': typed('source'),
                'sensor_network': typed('sensor_network'),
                'simulate': typed('simulate', bool),
                'faults': typed('faults'),
                'rate': typed('rate', float),
                'frame_id': typed('frame_id'),
                'camera_info_url': typed('camera_info_url'),
                'engine': typed('engine'),
                'roi_settle_frames': typed('roi_settle_frames', int),
                'fallback_policy': typed('fallback_policy'),
                'model': typed('model'),
                'encoder': typed('encoder'),
                'decoder': typed('decoder'),
                'runtime': typed('runtime'),
                'roi_size': typed('roi_size', int),
                'track': typed('track', bool),
                'autostart': typed('autostart', bool),
            }
        ],
        # What rqt_image_view sends when it shows `image_raw`.
        remappings=[('image_mouse_left', 'image_raw_mouse_left')],
    )
    return LaunchDescription([*arguments, camera])
