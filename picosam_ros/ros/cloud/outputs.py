"""Publishes clouds, objects and grids; but for the pose, only while somebody listens."""

from __future__ import annotations

import array
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion, Vector3
from nav_msgs.msg import OccupancyGrid
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from picosam_ros.drawing.overlay import colour_of
from picosam_ros.spatial.cloud import (
    POINT,
    LabelledDepth,
    MeasuredObject,
    Points,
    Range,
    Triple,
    aligned_cloud,
    measure,
    object_cloud,
    objects_without_depth,
)
from picosam_ros.spatial.ground import Cells, Patch
from picosam_ros.spatial.pinhole import Pinhole

_QUEUE = 10

_KINDS = {'f4': PointField.FLOAT32, 'u1': PointField.UINT8}
_TEXT_HEIGHT = 0.08  # of the letters, in metres
_THINNEST = 0.01  # a box in RViz needs some thickness
_OPACITY = 0.4


@dataclass(frozen=True)
class Wanted:
    """Which object and which of its points are published.

    Attributes:
        object_id: whose pose is published; 0 for that of the object with most points.
        depth_range: depths that count.
        trim: see cloud.measure.

    """

    object_id: int
    depth_range: Range
    trim: float


@dataclass(frozen=True)
class Counts:
    """What was found.

    Attributes:
        objects: number of those with points.
        points: number of them.
        without_depth: ids of the objects without any.

    """

    objects: int
    points: int
    without_depth: tuple[int, ...] = ()


class CloudOutputs:
    """`~/cloud`, `~/aligned_cloud`, `~/pose`, `~/markers`, `~/grid`.

    All but the grid carry the header of the label mask.

    Args:
        node: owns the topics.

    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._cloud = node.create_publisher(PointCloud2, '~/cloud', _QUEUE)
        self._aligned = node.create_publisher(PointCloud2, '~/aligned_cloud', _QUEUE)
        self._pose = node.create_publisher(PoseStamped, '~/pose', _QUEUE)
        self._markers = node.create_publisher(MarkerArray, '~/markers', _QUEUE)
        self._grid = node.create_publisher(OccupancyGrid, '~/grid', _QUEUE)

    @property
    def grid_wanted(self) -> bool:
        """Whether somebody listens to the grid."""
        return bool(self._grid.get_subscription_count())

    def publish_objects(
        self, image: LabelledDepth, camera: Pinhole, wanted: Wanted, header: Header
    ) -> Counts:
        """Publish cloud, pose and markers; an object without known depth has none of them."""
        points = object_cloud(image, camera, wanted.depth_range)
        if self._cloud.get_subscription_count():
            self._cloud.publish(to_cloud(points, header))
        objects = tuple(measure(points, wanted.trim))
        followed = _followed(objects, wanted.object_id)
        if followed is not None:
            self._pose.publish(to_pose(followed, header))
        if self._markers.get_subscription_count():
            self._markers.publish(to_markers(objects, header))
        return Counts(len(objects), len(points), objects_without_depth(image, points))

    def publish_aligned(
        self, image: LabelledDepth, camera: Pinhole, wanted: Wanted, header: Header
    ) -> None:
        """Publish the cloud that has the image's height and width."""
        if self._aligned.get_subscription_count():
            points = aligned_cloud(image, camera, wanted.depth_range)
            self._aligned.publish(to_cloud(points, header))

    def publish_grid(self, cells: Cells, patch: Patch, header: Header) -> None:
        """Publish the grid; its header names the base frame."""
        self._grid.publish(to_grid(cells, patch, header))

    def destroy(self) -> None:
        """Take the topics away."""
        for publisher in (self._cloud, self._aligned, self._pose, self._markers, self._grid):
            self._node.destroy_publisher(publisher)


def _followed(objects: tuple[MeasuredObject, ...], object_id: int) -> MeasuredObject | None:
    """Return the object of that id, or the first, which has most points."""
    own = [one for one in objects if object_id in (0, one.object_id)]
    return own[0] if own else None


def to_cloud(points: Points, header: Header) -> PointCloud2:
    """N or height×width of POINT as a message."""
    height, width = points.shape if points.ndim == 2 else (1, len(points))
    message = PointCloud2(header=header, height=height, width=width, fields=list(_FIELDS))
    message.point_step = POINT.itemsize
    message.row_step = width * POINT.itemsize
    message.is_bigendian = False
    message.is_dense = points.ndim == 1
    # The one form that rclpy assigns without looking at every element.
    data = array.array('B')
    data.frombytes(np.ascontiguousarray(points).view(np.uint8).data)
    message.data = data
    return message


def _fields() -> Iterable[PointField]:
    assert POINT.names is not None
    assert POINT.fields is not None
    for name in POINT.names:
        kind, offset, *_ = POINT.fields[name]
        yield PointField(name=name, offset=offset, datatype=_KINDS[kind.str[1:]], count=1)


_FIELDS = tuple(_fields())


def to_pose(measured: MeasuredObject, header: Header) -> PoseStamped:
    """The object's centroid; x points on along the line of sight, z up, as a goal needs it."""
    pose = Pose(position=_point(measured.centroid), orientation=_sight(measured.centroid))
    return PoseStamped(header=header, pose=pose)


def to_markers(objects: Iterable[MeasuredObject], header: Header) -> MarkerArray:
    """A box and a text for each object, and an order to forget all older ones."""
    markers = [Marker(header=header, action=Marker.DELETEALL)]
    for measured in objects:
        markers += [_box(measured, header), _text(measured, header)]
    return MarkerArray(markers=markers)


def to_grid(cells: Cells, patch: Patch, header: Header) -> OccupancyGrid:
    """The grid; `header` names the base frame."""
    message = OccupancyGrid(header=header)
    message.info.map_load_time = header.stamp
    message.info.resolution = patch.resolution
    message.info.height, message.info.width = cells.shape
    x, y = patch.origin
    message.info.origin.position = Point(x=x, y=y, z=0.0)
    data = array.array('b')
    data.frombytes(np.ascontiguousarray(cells).data)
    message.data = data
    return message


def _box(measured: MeasuredObject, header: Header) -> Marker:
    size = [max(h - low, _THINNEST) for low, h in zip(measured.low, measured.high, strict=True)]
    marker = Marker(header=header, ns='extent', id=measured.object_id, type=Marker.CUBE)
    marker.pose.position = _point(_middle(measured))
    marker.scale = Vector3(x=size[0], y=size[1], z=size[2])
    marker.color = _colour(measured, _OPACITY)
    return marker


def _text(measured: MeasuredObject, header: Header) -> Marker:
    x, _, z = measured.centroid
    marker = Marker(header=header, ns='label', id=measured.object_id, type=Marker.TEXT_VIEW_FACING)
    # Above the object: the optical frame's y points down.
    marker.pose.position = Point(x=x, y=measured.low[1] - _TEXT_HEIGHT, z=z)
    marker.scale.z = _TEXT_HEIGHT
    marker.color = _colour(measured, 1.0)
    marker.text = f'{measured.object_id}: {math.hypot(*measured.centroid):.2f} m'
    return marker


def _colour(measured: MeasuredObject, opacity: float) -> ColorRGBA:
    r, g, b = (channel / 255 for channel in colour_of(measured.object_id))
    return ColorRGBA(r=r, g=g, b=b, a=opacity)


def _middle(measured: MeasuredObject) -> Triple:
    x, y, z = ((low + high) / 2 for low, high in zip(measured.low, measured.high, strict=True))
    return x, y, z


def _point(place: Triple) -> Point:
    x, y, z = place
    return Point(x=x, y=y, z=z)


def _sight(place: Triple) -> Quaternion:
    """Turn the optical frame's axes to x forward and z up, then z's rotation towards `place`."""
    half = math.atan2(-place[0], place[2]) / 2
    sin, cos = math.sin(half) / 2, math.cos(half) / 2
    # (0.5, -0.5, 0.5, 0.5) times (0, 0, sin, cos) of the half angle.
    return Quaternion(x=cos - sin, y=-cos - sin, z=cos + sin, w=cos - sin)
