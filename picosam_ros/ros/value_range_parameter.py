"""The parameter `value_range`, of all nodes that take images."""

from picosam_ros.ros.parameters import Parameter

VALUE_RANGE = Parameter(
    'value_range',
    'auto',
    'Values of images of 16 bits that become black and white: LOW,HIGH, for example 0,4095; '
    'full for all of them (the high byte), or auto for those that the images use.',
    read_only=True,
)
