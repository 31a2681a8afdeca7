import math

import numpy as np
import pytest
from nav_msgs.msg import OccupancyGrid
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header
from visualization_msgs.msg import Marker

from picosam_ros.drawing.overlay import colour_of
from picosam_ros.ros.cloud.outputs import (
    to_cloud,
    to_grid,
    to_markers,
    to_pose,
)
from picosam_ros.ros.messages import to_time
from picosam_ros.spatial.cloud import POINT, MeasuredObject
from picosam_ros.spatial.ground import Patch

HEADER = Header(stamp=to_time(12_000_000_034), frame_id='lens')
THING = MeasuredObject(9, 4, (1.0, 0.0, 1.0), (0.0, -1.0, 1.0), (2.0, 1.0, 1.0))


def points(*shape):
    made = np.zeros(shape, POINT)
    made['x'] = np.arange(math.prod(shape)).reshape(shape)
    made['z'], made['id'], made['confidence'] = 2.5, 254, 99
    return made


def read(message: PointCloud2, index: int) -> list:
    """Read one point as the fields describe it, and not as it was written."""
    kinds = {PointField.FLOAT32: '<f4', PointField.UINT8: 'u1'}
    at = index * message.point_step
    return [
        np.frombuffer(message.data, kinds[f.datatype], f.count, at + f.offset)[0]
        for f in message.fields
    ]


def test_a_cloud_reads_back_by_what_its_fields_say():
    message = to_cloud(points(5), HEADER)
    assert message.header == HEADER
    assert [field.name for field in message.fields] == ['x', 'y', 'z', 'id', 'confidence']
    assert (message.height, message.width, message.is_dense) == (1, 5, True)
    assert len(message.data) == message.height * message.row_step == 5 * message.point_step
    assert read(message, 3) == [3, 0, 2.5, 254, 99]


def test_an_aligned_cloud_keeps_rows_and_columns():
    message = to_cloud(points(3, 4), HEADER)
    assert (message.height, message.width, message.is_dense) == (3, 4, False)
    assert message.row_step == 4 * message.point_step
    assert read(message, 1 * 4 + 2)[0] == 6


def test_an_empty_cloud_is_a_cloud():
    message = to_cloud(points(0), HEADER)
    assert (message.width, len(message.data)) == (0, 0)


def test_a_pose_looks_from_the_camera_to_the_object():
    pose = to_pose(THING, HEADER)
    assert pose.header == HEADER
    assert (pose.pose.position.x, pose.pose.position.z) == (1, 1)
    q = pose.pose.orientation
    ahead = (
        1 - 2 * (q.y**2 + q.z**2),
        2 * (q.x * q.y + q.z * q.w),
        2 * (q.x * q.z - q.y * q.w),
    )
    assert ahead == pytest.approx((math.sqrt(0.5), 0, math.sqrt(0.5)))
    assert math.hypot(q.x, q.y, q.z, q.w) == pytest.approx(1)


def test_markers_forget_older_ones_and_have_the_objects_colour_even_if_it_is_flat():
    forget, box, text = to_markers([THING], HEADER).markers
    assert forget.action == Marker.DELETEALL
    assert (box.scale.x, box.scale.y) == (2, 2)
    assert 0 < box.scale.z <= 0.01
    assert (box.pose.position.x, box.pose.position.z) == (1, 1)
    assert [round(255 * c) for c in (box.color.r, box.color.g, box.color.b)] == list(colour_of(9))
    assert text.text == '9: 1.41 m'
    assert text.pose.position.y < THING.low[1]
    assert {marker.header.frame_id for marker in (forget, box, text)} == {'lens'}


def test_a_grid_lies_where_its_patch_does():
    patch = Patch(2.0, 1.0, 0.25)
    cells = np.arange(-1, 31, dtype=np.int8).reshape(4, 8)
    message = to_grid(cells, patch, HEADER)
    assert isinstance(message, OccupancyGrid)
    assert (message.info.width, message.info.height) == (8, 4)
    assert message.info.resolution == pytest.approx(0.25)
    assert (message.info.origin.position.x, message.info.origin.position.y) == (0, -0.5)
    assert message.info.origin.orientation.w == 1
    assert list(message.data) == list(range(-1, 31))
