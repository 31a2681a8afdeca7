"""The topics between segmentation nodes and the browsers that show them."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.impl.implementation_singleton import rclpy_implementation

from picosam_ros.errors import ViewerError
from picosam_ros.ros.guarded_node import GuardedNode
from picosam_ros.ros.running_nodes import NodeName, Wanted, running_nodes
from picosam_ros.ros.viewer.camera_bridge import CameraBridge
from picosam_ros.ros.viewer.camera_topics import CameraTopics, find_topics
from picosam_ros.viewer.server import Server

# Of what waits in each camera's bridge, and of the look at the graph for cameras.
_POLL_PERIOD_S, _LOOK_PERIOD_S = 0.05, 0.5


class ViewerBridge:
    """Connects segmentation nodes with the server that shows them to browsers.

    Beside the one that is configured, those are offered that run in the viewer's namespace.

    Args:
        node: owns the topics.
        segmentation: name of the node that is shown where a page asks for none.
        options: of the Server.

    Attributes:
        server: to be started by the caller.

    Raises:
        ViewerError: an option is none.

    """

    def __init__(self, node: GuardedNode, segmentation: str, **options: Any) -> None:
        self._node = node
        self._title = socket.gethostname()
        self._active = False
        self._wanted = Wanted(namespace=node.get_namespace())
        first, image, prompt, shown = map(
            node.resolve_topic_name, (segmentation, 'image', 'prompt', 'shown')
        )
        self._first = CameraBridge(
            node,
            CameraTopics(first, image, prompt, shown),
            self._call,
            name=segmentation,
            title=self._title,
        )
        try:
            self.server = Server(self._first.hub, **options)
        except ViewerError:
            self._first.destroy()
            raise
        self._bridges = {first: self._first}
        # Those that could not be opened, as access control forbids their topics.
        self._closed: set[str] = set()
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timers = [
            node.create_timer(_POLL_PERIOD_S, self._poll, clock=steady),
            node.create_timer(_LOOK_PERIOD_S, self._look, clock=steady),
        ]

    @property
    def active(self) -> bool:
        """Whether browsers receive images; set by the node's lifecycle."""
        return self._active

    @active.setter
    def active(self, active: bool) -> None:
        self._active = active
        for bridge in self._bridges.values():
            bridge.active = active

    @property
    def streaming(self) -> Iterator[CameraBridge]:
        """The cameras that browsers show now."""
        return (bridge for bridge in self._bridges.values() if bridge.streaming)

    @property
    def shared_topics(self) -> set[str]:
        """Those that others may publish, too."""
        topics = [bridge.topics for bridge in self._bridges.values()]
        return {name for each in topics for name in (each.prompt, each.shown)}

    def take_image_error(self) -> str:
        """Return why an unreadable image was refused, and reset it; empty if none was."""
        errors = [bridge.take_image_error() for bridge in self._bridges.values()]
        return next(filter(None, errors), '')

    def statistics(self) -> dict[str, object]:
        """Return the counters for `/diagnostics`, those of all cameras together."""
        counts: Counter[str] = Counter()
        for bridge in self._bridges.values():
            counts.update(bridge.statistics())
        return {**self.server.statistics(), **counts}

    def reset(self) -> None:
        """Drop the pending images and masks and the statistics, as after a clock jump."""
        for bridge in self._bridges.values():
            bridge.reset()

    def destroy(self) -> None:
        """Stop the server and destroy all that was opened."""
        self.server.stop()
        for timer in self._timers:
            self._node.destroy_timer(timer)
        for bridge in self._bridges.values():
            bridge.destroy()

    def _call(self, *arguments: Any) -> None:
        self.server.call(*arguments)

    def _poll(self) -> None:
        for bridge in self._bridges.values():
            bridge.poll()

    def _look(self) -> None:
        """Find the cameras that are there."""
        running = [name for name in running_nodes(self._node) if name in self._wanted]
        for name in running:
            if str(name) not in self._bridges and str(name) not in self._closed:
                self._add(name)
        there = {str(name) for name in running} & self._bridges.keys()
        # Images are shown without a segmentation, too.
        if self._node.count_publishers(self._first.topics.image):
            there.add(self._first.topics.name)
        self._call(self.server.cameras.update, there)

    def _add(self, name: NodeName) -> None:
        topics = find_topics(self._node, name)
        if topics is None:
            return
        refused = self.server.cameras.refused
        try:
            bridge = CameraBridge(
                self._node, topics, self._call, title=self._title, refused=refused
            )
        except rclpy_implementation.RCLError as error:
            self._closed.add(topics.name)
            self._node.get_logger().warning(f'{topics.name} is not on the page: {error}')
            return
        bridge.active = self._active
        self._bridges[topics.name] = bridge
        self._call(self.server.cameras.add, bridge.hub)
