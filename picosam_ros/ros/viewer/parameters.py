"""Parameters of the node `viewer`."""

from picosam_ros.ros.parameters import Parameter
from picosam_ros.ros.value_range_parameter import VALUE_RANGE

PARAMETERS = (
    Parameter(
        'segmentation',
        'camera',
        'Name of the node whose masks are shown: camera, segmenter, or what it was renamed to.',
        read_only=True,
    ),
    Parameter(
        'address',
        '127.0.0.1',
        'Address of the page; one that other machines can reach requires a token.',
        read_only=True,
    ),
    Parameter(
        'port',
        8080,
        'Port of the page; if it is in use, the next free one is taken; 0 takes any.',
        low=0,
        high=65535,
        read_only=True,
    ),
    VALUE_RANGE,
    Parameter(
        'public_url',
        '',
        "The page's address behind a reverse proxy, like https://robot.example/viewer/; empty "
        'without one.',
        read_only=True,
    ),
    Parameter(
        'max_clients',
        16,
        'Maximum number of connected browsers; further ones are refused.',
        low=1,
        high=1000,
        read_only=True,
    ),
)
