"""Masks and object clouds for Nav2, started in order by its lifecycle manager; see docs/nav2.md."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, GroupAction, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node, SetParameter, SetRemap
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from picosam_ros.ros.cloud.parameters import PARAMETERS
from picosam_ros.ros.launch_arguments import (
    TRUE_OR_FALSE,
    arguments_of,
    enclave_arguments,
    name_arguments,
)

# Argument to default and description.
TOPICS = {
    'image': ('image', 'Topic of the images, for the segmenter.'),
    'depth': ('depth', 'Topic of the depth, aligned to the images.'),
    'camera_info': ('camera_info', 'Topic of the calibration of the images.'),
    'pose': ('cloud/pose', "Topic of the object's pose; goal_update lets Nav2 follow it."),
}
# Parameters of the node `cloud`.
NAMES = ('mode', 'base_frame', 'camera_height', 'camera_pitch')


def generate_launch_description():
    namespace = LaunchConfiguration('namespace')
    segmentation = LaunchConfiguration('segmentation')
    share = FindPackageShare('picosam_ros')
    cloud_arguments, cloud_parameters = arguments_of(PARAMETERS, NAMES)
    arguments = [
        DeclareLaunchArgument(
            'segmentation',
            default_value='segmenter',
            choices=['segmenter', 'camera'],
            description='Node that computes the masks: of any image topic, or of its own camera.',
        ),
        *(
            DeclareLaunchArgument(name, default_value=default, description=description)
            for name, (default, description) in TOPICS.items()
        ),
        *cloud_arguments,
        DeclareLaunchArgument(
            'autostart',
            default_value='true',
            choices=TRUE_OR_FALSE,
            description='Start the nodes; false waits for a call of the lifecycle manager.',
        ),
        DeclareLaunchArgument(
            'use_sim_time',
            default_value='false',
            choices=TRUE_OR_FALSE,
            description='Use the time of /clock.',
        ),
        *name_arguments(),
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
            ros_arguments=enclave_arguments(),
            output='screen',
            parameters=[{'autostart': False, **cloud_parameters}],
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
                    'autostart': ParameterValue(LaunchConfiguration('autostart'), value_type=bool),
                    # Nodes in Python have no bond; with one awaited, the manager would stop them.
                    'bond_timeout': 0.0,
                    # Lists of texts, each of which is put together from a list.
                    'node_names': [[segmentation], ['cloud']],
                }
            ],
        ),
    ]
    return LaunchDescription([*arguments, *nodes])
