"""`viewer`: a page in the browser that shows live masks and sends what is clicked."""

from __future__ import annotations

from collections.abc import Mapping

from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

from picosam_ros.ros.connections import connections_of
from picosam_ros.ros.diagnostics import ERROR, OK, STALE, WARN, Status
from picosam_ros.ros.managed_node import ManagedNode
from picosam_ros.ros.run import run
from picosam_ros.ros.segmentation.health import INACTIVE, UNCONFIGURED, topics_status
from picosam_ros.ros.stream_health import Expected, Source, input_status
from picosam_ros.ros.viewer.bridge import ViewerBridge
from picosam_ros.ros.viewer.parameters import PARAMETERS
from picosam_ros.viewer.server import Server


class ViewerNode(ManagedNode):
    """Serves the page; subscribes to what it shows while a browser has it open."""

    def __init__(self) -> None:
        super().__init__('viewer', PARAMETERS)
        self._viewed: ViewerBridge | None = None
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._url = self.create_publisher(String, '~/url', latched)

    def open(self) -> None:
        """Serve the page, open the topics."""
        parameters = self.parameters
        self._viewed = ViewerBridge(
            self,
            parameters['segmentation'],
            address=parameters['address'],
            port=parameters['port'],
            max_clients=parameters['max_clients'],
        )
        self._viewed.server.start()
        self._announce(self._viewed.server)

    def start(self) -> None:
        """Deliver to open pages."""
        if self._viewed is not None:
            self._viewed.active = True

    def stop(self) -> None:
        """Deliver nothing; the page stays."""
        if self._viewed is not None:
            self._viewed.active = False

    def close(self) -> None:
        """Close the page and the topics."""
        if self._viewed is not None:
            self._viewed.destroy()
            self._viewed = None

    def clock_jumped(self) -> None:
        """Drop the images of before."""
        if self._viewed is not None:
            self._viewed.forget()

    def report(self) -> Mapping[str, Status]:
        """What `/diagnostics` shows."""
        components = {'viewer': self._status()}
        if self._viewed is not None and self._viewed.watched:
            links = connections_of(self)
            topic = self.resolve_topic_name('image')
            link = next((one for one in links if one.published and one.topic == topic), None)
            source = Source(topic, 'does the camera run, is the name right (remap image:=TOPIC)?')
            flow = self._viewed.arrivals.flow()
            components['input'] = input_status(flow, Expected(), source, link, {})
            components['topics'] = topics_status(links)
        return components

    def _announce(self, server: Server) -> None:
        asked = self.parameters['port']
        if asked not in (0, server.port):
            self.get_logger().warning(
                f'port {asked} is taken, the page is on port {server.port}; port:=PORT sets another'
            )
        token = server.admission.token
        self.get_logger().info(f'open {server.url}' + (f'?token={token}' if token else ''))
        # Without the token: topics are read by more people than this log.
        self._url.publish(String(data=server.url))

    def _status(self) -> Status:
        if self.fault:
            return Status(ERROR, self.fault)
        if self._viewed is None:
            return UNCONFIGURED
        values = self._viewed.figures()
        if not self._viewed.active:
            return Status(STALE, INACTIVE, values)
        refusal = self._viewed.refusal()
        if refusal:
            return Status(WARN, refusal, values)
        looking = 'nobody looks' if not values['browsers'] else f'browsers: {values["browsers"]}'
        return Status(OK, f'{looking}; open {values["address"]}', values)


def main() -> int:
    """Entry point."""
    return run(ViewerNode)


if __name__ == '__main__':
    raise SystemExit(main())
