"""Masks and object clouds for Nav2, started in order by its lifecycle manager; see docs/nav2.md."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, GroupAction, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node, SetParameter, SetRemap
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare


def typed(name, kind=str):
    # Without its type a text that looks like a number would become one.
    return ParameterValue(LaunchConfiguration(name), value_type=kind)


def generate_launch_description():
    namespace = LaunchConfiguration('namespace')
    segmentation = LaunchConfiguration('segmentation')
    share = FindPackageShare('picosam_ros')
    arguments = [
        DeclareLaunchArgument(
            'segmentation',
            default_value='segmenter',
            choices=['segmenter', 'camera'],
            description='Whose masks: those of any image topic, or those of our own camera.',
        ),
        DeclareLaunchArgument(
            'image', default_value='image', description='Topic of the images, for the segmenter.'
        ),
        DeclareLaunchArgument(
            'depth', default_value='depth', description='Topic of the depth, aligned to the images.'
        ),
        DeclareLaunchArgument(
            'camera_info',
            default_value='camera_info',
            description='Topic of the calibration of the images.',
        ),
        DeclareLaunchArgument(
            'pose',
            default_value='cloud/pose',
            description="Topic of the object's pose; goal_update lets Nav2 follow it.",
        ),
        DeclareLaunchArgument(
            'mode',
            default_value='depth',
            choices=['depth', 'ground'],
            description='Where points come from: the depth topic, or the ground plane.',
        ),
        DeclareLaunchArgument(
            'base_frame',
            default_value='base_link',
            description='Mode ground: a frame of TF, z up, the ground at its z = 0.',
        ),
        DeclareLaunchArgument(
            'camera_height',
            default_value='0.0',
            description='Mode ground: metres above the ground; 0.0 takes the place from TF.',
        ),
        DeclareLaunchArgument(
            'camera_pitch',
            default_value='0.0',
            description='Mode ground: radians by which the camera looks down, with camera_height.',
        ),
        DeclareLaunchArgument(
            'autostart',
            default_value='true',
            choices=['true', 'false'],
            description='false waits until the lifecycle manager is told to start the nodes.',
        ),
        DeclareLaunchArgument(
            'use_sim_time',
            default_value='false',
            choices=['true', 'false'],
            description='Take the time from /clock.',
        ),
        DeclareLaunchArgument('namespace', default_value='', description='Prefix of all names.'),
    ]
    nodes = [
        SetParameter('use_sim_time', LaunchConfiguration('use_sim_time')),
        # For the clouds, and for the segmenter's clicks in 3-D.
        SetRemap('camera_info', LaunchConfiguration('camera_info')),
        # Grouped, so that this autostart is not the manager's. Arguments that only the included
        # file declares, as camera:=, pass through to it.
        GroupAction(
            [
                IncludeLaunchDescription(
                    PythonLaunchDescriptionSource(
                        [PathJoinSubstitution([share, 'launch', segmentation]), '.launch.py']
                    ),
                    launch_arguments={
                        'image': LaunchConfiguration('image'),
                        'autostart': 'false',
                        'namespace': namespace,
                    }.items(),
                )
            ]
        ),
        Node(
            package='picosam_ros',
            executable='cloud',
            name='cloud',
            namespace=namespace,
            output='screen',
            parameters=[
                {
                    'autostart': False,
                    'mode': typed('mode'),
                    'base_frame': typed('base_frame'),
                    'camera_height': typed('camera_height', float),
                    'camera_pitch': typed('camera_pitch', float),
                }
            ],
            remappings=[
                ('label_mask', [segmentation, '/label_mask']),
                ('confidence', [segmentation, '/confidence']),
                ('depth', LaunchConfiguration('depth')),
                ('~/pose', LaunchConfiguration('pose')),
            ],
        ),
        Node(
            package='nav2_lifecycle_manager',
            executable='lifecycle_manager',
            name='lifecycle_manager_picosam',
            namespace=namespace,
            output='screen',
            parameters=[
                {
                    'autostart': typed('autostart', bool),
                    # Nodes in Python have no bond; with one awaited, the manager would stop them.
                    'bond_timeout': 0.0,
                    # Lists of texts, each of which is put together from a list.
                    'node_names': [[segmentation], ['cloud']],
                }
            ],
        ),
    ]
    return LaunchDescription([*arguments, *nodes])
