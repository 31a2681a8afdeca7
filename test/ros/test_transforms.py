import importlib.util
import time

import numpy as np
import pytest
from geometry_msgs.msg import TransformStamped
from rclpy.executors import SingleThreadedExecutor

from picosam_ros.errors import CalibrationError
from picosam_ros.ros.transforms import TransformMissingError, Transforms
from picosam_ros.spatial.ground import camera_pose

WITH_TF = importlib.util.find_spec('tf2_ros') is not None


@pytest.fixture
def transforms(node):
    made = Transforms(node)
    yield made
    made.destroy()


def test_a_point_of_the_same_frame_needs_no_tf(transforms):
    assert transforms.move((1.0, 2.0, 3.0), 'lens', 'lens') == (1.0, 2.0, 3.0)


@pytest.mark.skipif(WITH_TF, reason='tf2_ros is installed')
def test_without_tf2_ros_it_says_what_to_install(transforms):
    with pytest.raises(CalibrationError, match=r'install it with: sudo apt install .*tf2-ros-py'):
        transforms.lookup('base_link', 'lens')


def test_what_is_published_is_found_and_what_is_not_is_told(node, transforms):
    tf2_ros = pytest.importorskip('tf2_ros')
    static = TransformStamped()
    static.header.frame_id, static.child_frame_id = 'base_link', 'lens'
    static.transform.translation.z = 1.5
    # What camera_pose(1.5, 0) is: the optical frame of a camera that looks ahead.
    turn = static.transform.rotation
    turn.x, turn.y, turn.z, turn.w = -0.5, 0.5, -0.5, 0.5
    broadcaster = tf2_ros.StaticTransformBroadcaster(node)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    deadline = time.monotonic() + 30
    found = None
    while found is None and time.monotonic() < deadline:
        broadcaster.sendTransform(static)
        executor.spin_once(timeout_sec=0.05)
        try:
            found = transforms.lookup('base_link', 'lens')
        except TransformMissingError as error:
            assert "from 'lens' to 'base_link'" in str(error)  # noqa: PT017
    executor.shutdown()
    assert np.allclose(found, camera_pose(1.5, 0.0))
    assert transforms.move((0.0, 0.0, 2.0), 'lens', 'base_link') == pytest.approx((2, 0, 1.5))
    with pytest.raises(TransformMissingError, match='start what publishes it'):
        transforms.lookup('base_link', 'nowhere')
