"""Publishes clouds, objects and grids: each topic is filled only while somebody listens."""

from __future__ import annotations

from dataclasses import dataclass

from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import OccupancyGrid
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header
from visualization_msgs.msg import MarkerArray

from picosam_ros.ros.cloud.messages import (
    to_cloud,
    to_grid,
    to_markers,
    to_pose,
)
from picosam_ros.spatial.cloud import (
    LabelledDepth,
    MeasuredObject,
    Range,
    aligned_cloud,
    measure,
    object_cloud,
)
from picosam_ros.spatial.ground import Cells, Patch
from picosam_ros.spatial.pinhole import Pinhole

_QUEUE = 10


@dataclass(frozen=True)
class Wanted:
    """What of it is wanted.

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
    """How much was found."""

    objects: int
    points: int


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
        self, picture: LabelledDepth, camera: Pinhole, wanted: Wanted, header: Header
    ) -> Counts:
        """Publish cloud, pose and markers."""
        points = object_cloud(picture, camera, wanted.depth_range)
        if self._cloud.get_subscription_count():
            self._cloud.publish(to_cloud(points, header))
        things = tuple(measure(points, wanted.trim))
        followed = _followed(things, wanted.object_id)
        if followed is not None:
            self._pose.publish(to_pose(followed, header))
        if self._markers.get_subscription_count():
            self._markers.publish(to_markers(things, header))
        return Counts(len(things), len(points))

    def publish_aligned(
        self, picture: LabelledDepth, camera: Pinhole, wanted: Wanted, header: Header
    ) -> None:
        """Publish the cloud that has the picture's height and width."""
        if self._aligned.get_subscription_count():
            points = aligned_cloud(picture, camera, wanted.depth_range)
            self._aligned.publish(to_cloud(points, header))

    def publish_grid(self, cells: Cells, patch: Patch, header: Header) -> None:
        """Publish the grid; its header names the base frame."""
        self._grid.publish(to_grid(cells, patch, header))

    def destroy(self) -> None:
        """Take the topics away."""
        for publisher in (self._cloud, self._aligned, self._pose, self._markers, self._grid):
            self._node.destroy_publisher(publisher)


def _followed(things: tuple[MeasuredObject, ...], object_id: int) -> MeasuredObject | None:
    """Give the object of that id, or the first, which has most points."""
    own = [thing for thing in things if object_id in (0, thing.object_id)]
    return own[0] if own else None
