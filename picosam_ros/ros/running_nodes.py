"""Which nodes segment: a camera or segmenter that is configured answers on `~/prompt_status`."""

from __future__ import annotations

from dataclasses import dataclass

from rclpy.node import Node

_STATUS = 'picosam_ros/msg/PromptStatus'


@dataclass(frozen=True)
class NodeName:
    """A node: its own name, and its namespace, which begins with a slash."""

    name: str
    namespace: str

    def __str__(self) -> str:
        """The full name."""
        return f'{self.namespace.rstrip("/")}/{self.name}'


@dataclass(frozen=True)
class Wanted:
    """Which nodes are meant; what is empty leaves it open.

    Attributes:
        node: the full name, or the last part of it.
        namespace: the node's, or one that this lies in.

    """

    node: str = ''
    namespace: str = ''

    def __contains__(self, name: NodeName) -> bool:
        """Whether this one is meant."""
        within = '/' + self.namespace.strip('/')
        inside = within == '/' or f'{name.namespace.rstrip("/")}/'.startswith(f'{within}/')
        return inside and (not self.node or self.node in (str(name), name.name))


def running_nodes(node: Node) -> list[NodeName]:
    """Return the nodes that segment, as far as they are known by now, in order of their names."""
    topics = node.get_topic_names_and_types()
    found = {
        NodeName(publisher.node_name, publisher.node_namespace)
        for topic, kinds in topics
        if _STATUS in kinds
        for publisher in node.get_publishers_info_by_topic(topic)
        # Its endpoints may be known before its name is.
        if not publisher.node_name.startswith('_NODE_NAME_UNKNOWN')
    }
    return sorted(found, key=str)
