"""Messages of vision_msgs, which rosbags does not know."""

from __future__ import annotations

DETECTIONS = 'vision_msgs/msg/Detection2DArray'

# Fields of release 4, that of Humble and later: github.com/ros-perception/vision_msgs, branch ros2.
DEFINITIONS = {
    DETECTIONS: 'std_msgs/Header header\nvision_msgs/Detection2D[] detections',
    'vision_msgs/msg/Detection2D': (
        'std_msgs/Header header\n'
        'vision_msgs/ObjectHypothesisWithPose[] results\n'
        'vision_msgs/BoundingBox2D bbox\n'
        'string id'
    ),
    'vision_msgs/msg/ObjectHypothesisWithPose': (
        'vision_msgs/ObjectHypothesis hypothesis\ngeometry_msgs/PoseWithCovariance pose'
    ),
    'vision_msgs/msg/ObjectHypothesis': 'string class_id\nfloat64 score',
    'vision_msgs/msg/BoundingBox2D': ('vision_msgs/Pose2D center\nfloat64 size_x\nfloat64 size_y'),
    'vision_msgs/msg/Pose2D': 'vision_msgs/Point2D position\nfloat64 theta',
    'vision_msgs/msg/Point2D': 'float64 x\nfloat64 y',
}
