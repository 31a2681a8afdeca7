"""Images of an encoding that we leave to cv_bridge, on the topic."""

from importlib.util import find_spec

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from helpers.rig import HEIGHT, WIDTH
from sensor_msgs.msg import Image

INSTALLED = find_spec('cv_bridge') is not None


def temperatures(rig):
    header = rig.header()
    celsius = np.linspace(-20, 300, WIDTH * HEIGHT, dtype=np.float32)
    return Image(
        header=header,
        height=HEIGHT,
        width=WIDTH,
        encoding='32FC1',
        step=4 * WIDTH,
        data=celsius.tobytes(),
    )


@pytest.mark.skipif(not INSTALLED, reason='cv_bridge is not on PyPI: apt brings it with ROS')
def test_once_cv_bridge_has_been_tried_images_of_floats_are_answered(rig):
    rig.point(150, 100)
    published = []

    def answered():
        image = temperatures(rig)
        rig.images.publish(image)
        published.append(image.header)
        return any(message.header in published for message in rig.inboxes['masks'])

    rig.wait_for(answered)


@pytest.mark.skipif(INSTALLED, reason='cv_bridge is installed here')
def test_without_cv_bridge_diagnostics_have_the_command_that_installs_it(rig):
    rig.images.publish(temperatures(rig))
    command = 'sudo apt install ros-$ROS_DISTRO-cv-bridge'
    status = rig.component('input', lambda status: command in status.message)
    assert status.level == DiagnosticStatus.WARN
