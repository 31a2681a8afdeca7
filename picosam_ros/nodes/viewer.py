"""`viewer`: a page in the browser that shows live masks and sends what is clicked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

from picosam_ros.ros import process
from picosam_ros.ros.connections import Connection, connections_of, topics_status
from picosam_ros.ros.diagnostics import ERROR, INACTIVE, OK, STALE, UNCONFIGURED, WARN, Status
from picosam_ros.ros.duplicates import Duplicates
from picosam_ros.ros.managed_node import ManagedNode, run
from picosam_ros.ros.stream_health import CHECK_IMAGE_TOPIC, Expected, Source, input_status
from picosam_ros.ros.viewer.bridge import ViewerBridge
from picosam_ros.ros.viewer.camera_bridge import CameraBridge
from picosam_ros.ros.viewer.parameters import PARAMETERS
from picosam_ros.viewer.server import Server

RECONFIGURE = 'clean up, configure and activate the node'


class ViewerNode(ManagedNode):
    """Serves the page; subscribes to what it shows while a browser has it open."""

    def __init__(self, **options: Any) -> None:
        super().__init__('viewer', PARAMETERS, **options)
        self._duplicates = Duplicates(self)
        self._bridge: ViewerBridge | None = None
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._url = self.create_publisher(String, '~/url', latched)

    def open(self) -> None:
        """Serve the page, open the topics."""
        parameters = self.parameters
        self._bridge = ViewerBridge(
            self,
            parameters['segmentation'],
            address=parameters['address'],
            port=parameters['port'],
            public_url=parameters['public_url'],
            max_clients=parameters['max_clients'],
            on_error=self.failed,
        )
        self._bridge.server.start()
        self._announce(self._bridge.server)

    def start(self) -> None:
        """Deliver to open pages."""
        if self._bridge is not None:
            self._bridge.active = True

    def stop(self) -> None:
        """Deliver nothing; the page stays."""
        if self._bridge is not None:
            self._bridge.active = False

    def close(self) -> None:
        """Close the page and the topics."""
        if self._bridge is not None:
            self._bridge.destroy()
            self._bridge = None

    def clock_jumped(self) -> None:
        """Drop the images and masks that were received before the jump."""
        if self._bridge is not None:
            self._bridge.reset()

    def report(self) -> Mapping[str, Status]:
        """Return the components of `/diagnostics`."""
        components = {'viewer': self._status()}
        streaming = list(self._bridge.streaming) if self._bridge is not None else []
        if self._bridge is not None and streaming:
            connections = connections_of(self)
            for camera in streaming:
                components[camera.input_component] = self._input_status(camera, connections)
            duplicates = self._duplicates.check(connections, self._bridge.shared_topics)
            components['topics'] = topics_status(connections, duplicates)
        return components

    def _input_status(self, camera: CameraBridge, connections: Sequence[Connection]) -> Status:
        topic = camera.topics.image
        connection = next(
            (each for each in connections if each.published and each.topic == topic), None
        )
        source = Source(topic, CHECK_IMAGE_TOPIC)
        return input_status(camera.image_stats.stats(), Expected(), source, connection, {})

    def _announce(self, server: Server) -> None:
        asked = self.parameters['port']
        if asked not in (0, server.port):
            self.get_logger().warning(
                f'port {asked} is in use, the page is on port {server.port}; '
                'port:=PORT selects another one'
            )
        self.get_logger().info(f'open {server.link}')
        # Without the token: a topic has more readers than this log.
        self._url.publish(String(data=server.url))

    def _status(self) -> Status:
        if self._bridge is None:
            return Status(ERROR, self.fault) if self.fault else UNCONFIGURED
        values = self._bridge.statistics()
        if self._bridge.server.fault:
            return Status(ERROR, f'{self._bridge.server.fault}; {RECONFIGURE}', values)
        # Reported once: the server goes on.
        fault, self.fault = self.fault, ''
        if fault:
            return Status(ERROR, fault, values)
        if not self._bridge.active:
            return Status(STALE, INACTIVE, values)
        image_error = self._bridge.take_image_error()
        if image_error:
            return Status(WARN, image_error, values)
        count = values['browsers']
        browsers = f'browsers: {count}' if count else 'no browser connected'
        return Status(OK, f'{browsers}; open {values["address"]}', values)


def main() -> int:
    """Entry point."""
    return run(ViewerNode, profile=process.SENDS_MASKS)


if __name__ == '__main__':
    raise SystemExit(main())
