"""Transforms between frames, from TF where tf2_ros is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time

from picosam_ros.errors import CalibrationError
from picosam_ros.spatial.ground import pose_of
from picosam_ros.spatial.pinhole import Doubles

Vector = tuple[float, float, float]


class TransformMissingError(CalibrationError):
    """TF does not know a transform, or not yet."""


class Transforms:
    """Listens to TF from the first lookup on.

    Args:
        node: owns the topics.

    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._tf2: Any = None
        self._buffer: Any = None
        self._listener: Any = None

    def listen(self) -> None:
        """Subscribe to TF, so that the first lookup succeeds.

        Raises:
            CalibrationError: tf2_ros cannot be imported.

        """
        if self._listener is not None:
            return
        try:
            import tf2_ros
        except ImportError as error:
            raise CalibrationError(
                f'TF is needed, and tf2_ros cannot be imported ({error}); install it with: '
                'sudo apt install ros-$ROS_DISTRO-tf2-ros-py'
            ) from error
        self._tf2 = tf2_ros
        self._buffer = tf2_ros.Buffer()
        self._listener = tf2_ros.TransformListener(self._buffer, self._node)

    def lookup(
        self, target: str, source: str, stamp_ns: int = 0, *, timeout_s: float = 0.0
    ) -> Doubles:
        """Return 4×4 from source to target frame.

        Args:
            target, source: frame ids.
            stamp_ns: of what is transformed; 0 takes the newest transform.
            timeout_s: seconds to wait for it; not in a callback.

        Raises:
            CalibrationError: tf2_ros cannot be imported.
            TransformMissingError: TF does not know it.

        """
        self.listen()
        try:
            found = self._buffer.lookup_transform(
                target, source, Time(nanoseconds=stamp_ns), Duration(seconds=timeout_s)
            )
        except self._tf2.TransformException as error:
            raise TransformMissingError(
                f'TF knows no transform from {source!r} to {target!r} ({error}); start what '
                'publishes it (robot_state_publisher, static_transform_publisher), and check the '
                'frame ids'
            ) from error
        t, q = found.transform.translation, found.transform.rotation
        return pose_of((t.x, t.y, t.z), (q.x, q.y, q.z, q.w))

    def move(self, point: Vector, source: str, target: str) -> Vector:
        """Return a point of the source frame, in metres, in the target frame, by the newest TF.

        Raises:
            CalibrationError, TransformMissingError: see `lookup`.

        """
        if source == target:
            return point
        x, y, z, _ = map(float, self.lookup(target, source) @ np.array([*point, 1.0]))
        return x, y, z

    def destroy(self) -> None:
        """Unsubscribe from TF."""
        if self._listener is not None:
            self._listener.unregister()
            self._listener = None
