"""The topics of a segmentation node, as the ROS graph has them: each may be remapped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rclpy.node import Node, NodeNameNonExistentError

from picosam_ros.ros.running_nodes import NodeName

_IMAGE, _PROMPT, _SHOWN = 'sensor_msgs/msg/Image', 'picosam_ros/msg/Prompt', 'std_msgs/msg/Header'


@dataclass(frozen=True)
class CameraTopics:
    """Names that a viewer needs; all full ones.

    Attributes:
        name: of the node; what it has under its own name is there.
        image: what it segments.
        prompt, shown: what it subscribes to.

    """

    name: str
    image: str
    prompt: str
    shown: str


def find_topics(node: Node, name: NodeName) -> CameraTopics | None:
    """Return the topics of a node; None while some of them are not known yet."""
    try:
        subscribed = node.get_subscriber_names_and_types_by_node(name.name, name.namespace)
        published = node.get_publisher_names_and_types_by_node(name.name, name.namespace)
    except NodeNameNonExistentError:
        return None
    prompts, shown = _of_type(_PROMPT, subscribed), _of_type(_SHOWN, subscribed)
    # A segmenter subscribes to its images, a camera publishes them beside its results.
    results = f'{name}/'
    images = _of_type(_IMAGE, subscribed) or [
        topic for topic in _of_type(_IMAGE, published) if not topic.startswith(results)
    ]
    if not (prompts and shown and images):
        return None
    return CameraTopics(str(name), images[0], prompts[0], shown[0])


def _of_type(kind: str, topics: Iterable[tuple[str, Sequence[str]]]) -> list[str]:
    return sorted(topic for topic, kinds in topics if kind in kinds)
