"""`viewer`: a page in the browser that shows live masks and sends what is clicked."""

from __future__ import annotations

from collections.abc import Mapping

from rclpy.lifecycle import LifecycleNode, State, TransitionCallbackReturn
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

from picosam_ros.errors import ViewerError
from picosam_ros.ros.clock_jump import watch_clock
from picosam_ros.ros.connections import connections_of
from picosam_ros.ros.diagnostics import ERROR, OK, STALE, WARN, Diagnostics, Status
from picosam_ros.ros.parameters import Parameter, Parameters
from picosam_ros.ros.run import run
from picosam_ros.ros.segmentation.health import INACTIVE, UNCONFIGURED, topics_status
from picosam_ros.ros.stream_health import Expected, Source, input_status
from picosam_ros.ros.transitions import refuse_impossible, told
from picosam_ros.ros.viewer.bridge import ViewerBridge
from picosam_ros.viewer.server import Server

PARAMETERS = (
    Parameter(
        'segmentation',
        'camera',
        'Name of the node whose masks are shown: camera, segmenter, or what it was renamed to.',
        read_only=True,
    ),
    Parameter(
        'address',
        '127.0.0.1',
        'Address to serve the page on; any that other machines can reach asks for a token.',
        read_only=True,
    ),
    Parameter(
        'port',
        8080,
        'Port of the page; where it is taken, the next free one; 0 for any.',
        low=0,
        high=65535,
        read_only=True,
    ),
    Parameter(
        'max_clients',
        16,
        'Browsers that may look at a time; further ones are refused.',
        low=1,
        high=1000,
        read_only=True,
    ),
    Parameter(
        'autostart',
        True,
        'Configure and activate without waiting for a lifecycle manager.',
        read_only=True,
    ),
)


class ViewerNode(LifecycleNode):
    """Serves the page; what it shows is subscribed to while somebody looks."""

    def __init__(self) -> None:
        super().__init__('viewer')
        refuse_impossible(self)
        self.parameters = Parameters(self, PARAMETERS)
        self.finalized = False
        self._viewed: ViewerBridge | None = None
        self._fault = ''
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._url = self.create_publisher(String, '~/url', latched)
        self._diagnostics = Diagnostics(self, self.report)
        self._clock_watch = watch_clock(self, self._forget)

    @told
    def on_configure(self, state: State) -> TransitionCallbackReturn:
        """Serve the page, open the topics."""
        parameters = self.parameters
        viewed = ViewerBridge(
            self,
            parameters['segmentation'],
            address=parameters['address'],
            port=parameters['port'],
            max_clients=parameters['max_clients'],
        )
        try:
            viewed.server.start()
        except ViewerError as error:
            self._fault = str(error)
            self.get_logger().error(self._fault)
            viewed.destroy()
            return TransitionCallbackReturn.FAILURE
        self._fault = ''
        self._viewed = viewed
        self._announce(viewed.server)
        return TransitionCallbackReturn.SUCCESS

    @told
    def on_activate(self, state: State) -> TransitionCallbackReturn:
        """Deliver to whoever looks."""
        assert self._viewed is not None
        self._viewed.active = True
        return super().on_activate(state)

    def on_deactivate(self, state: State) -> TransitionCallbackReturn:
        """Deliver nothing; the page stays."""
        if self._viewed is not None:
            self._viewed.active = False
        return super().on_deactivate(state)

    def on_cleanup(self, state: State) -> TransitionCallbackReturn:
        """Close the page, take the topics away."""
        self._release()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: State) -> TransitionCallbackReturn:
        """Free everything, from whatever state; there is no way back."""
        self._release()
        self.finalized = True
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: State) -> TransitionCallbackReturn:
        """Free everything, so that configure can be tried again."""
        self._release()
        return TransitionCallbackReturn.SUCCESS

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
        if self._fault:
            return Status(ERROR, self._fault)
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

    def _forget(self) -> None:
        if self._viewed is not None:
            self._viewed.forget()

    def _release(self) -> None:
        if self._viewed is not None:
            self._viewed.destroy()
            self._viewed = None


def main() -> int:
    """Entry point."""
    return run(ViewerNode)


if __name__ == '__main__':
    raise SystemExit(main())
