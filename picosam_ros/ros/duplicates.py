"""Finds a second node of a node's name, and other publishers of its topics.

ROS lets both happen in silence: every prompt is then answered twice, and whoever listens gets the
images or masks of two nodes by turns.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rclpy.node import Node

from picosam_ros.ros.connections import Connection

# Everybody publishes there.
_SHARED = ('/diagnostics',)
_TOPICS_SHOWN = 3


class Duplicates:
    """Compares the ROS graph with a node, report after report.

    What only one report sees is not told: a node that is just being replaced, or restarted, is
    still in the graph for a moment.

    Args:
        node: whose name and topics should be its own.

    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._seen: set[str] = set()
        self._told = ''

    def check(self, connections: Sequence[Connection], shared: Collection[str] = ()) -> str:
        """Return what the last two reports saw, as a sentence; empty if all is the node's own.

        Args:
            connections: of the node, read now.
            shared: further topics that others may publish, too; by their full names.

        """
        namesakes = self._namesakes()
        mixed = {
            each.topic: each.others
            for each in connections
            if each.others and each.topic not in (*_SHARED, *shared)
        }
        found = {*mixed, *(['name'] if namesakes > 1 else [])}
        lasting, self._seen = found & self._seen, found
        told = self._sentence(namesakes, {t: mixed[t] for t in sorted(lasting - {'name'})}, lasting)
        if told and told != self._told:
            self._node.get_logger().error(told)
        self._told = told
        return told

    def _namesakes(self) -> int:
        own = self._node.get_name(), self._node.get_namespace()
        return sum(found == own for found in self._node.get_node_names_and_namespaces())

    def _sentence(
        self, namesakes: int, mixed: dict[str, tuple[str, ...]], lasting: set[str]
    ) -> str:
        name = self._node.get_fully_qualified_name()
        others = sorted({other for names in mixed.values() for other in names})
        # The graph may know the publishers of a node before it lists the node.
        if 'name' in lasting or name in others:
            topics = f', and publish {_listed(list(mixed))}' if mixed else ''
            return (
                f'{max(namesakes, 2)} nodes are named {name}: they get the same prompts and images'
                f'{topics}; stop all but one, or start each under a name or a namespace of its '
                'own (launch argument name or namespace, else --ros-args -r __node:=NAME -r '
                '__ns:=/SPACE)'
            )
        if not mixed:
            return ''
        return (
            f'{_listed(list(mixed))} is published by {name} and by {", ".join(others)}: who '
            'listens gets the messages of both; stop one, or start each in a namespace of its own '
            '(launch argument namespace, else --ros-args -r __ns:=/SPACE)'
        )


def _listed(topics: Sequence[str]) -> str:
    shown = ', '.join(topics[:_TOPICS_SHOWN])
    more = len(topics) - _TOPICS_SHOWN
    return f'{shown} and {more} more topics' if more > 0 else shown
