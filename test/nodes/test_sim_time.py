import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from helpers.harness import Process
from helpers.rig import Rig, picture, values_of
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Header

from picosam_ros.msg import PromptStatus
from picosam_ros.ros.messages import to_image, to_time

CENTRE = (150, 100)
SECOND = 10**9


class SimulatedRig(Rig):
    """The same in a world whose time the test makes."""

    def __init__(self, process):
        super().__init__(process)
        # Not on /clock, which belongs to everybody on this domain.
        reliable = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
        self.clock = self.publisher(Clock, f'{process.namespace}/clock', reliable)
        self.now_ns = 1000 * SECOND
        self.wait_for(self.clock.get_subscription_count)

    def header(self, frame_id='lens'):
        """Let ten milliseconds pass; an image is stamped five ago."""
        self.tick(self.now_ns + SECOND // 100)
        return Header(stamp=to_time(self.now_ns - SECOND // 200), frame_id=frame_id)

    def tick(self, now_ns):
        self.now_ns = now_ns
        self.clock.publish(Clock(clock=to_time(now_ns)))

    def image(self, pixels):
        return to_image(pixels, 'rgb8', self.header())


@pytest.fixture
def simulated(red_network):
    settings = {'model': red_network, 'threads': 1, 'track': False, 'use_sim_time': True}
    namespace = '/simulated'
    remaps = {'/clock': f'{namespace}/clock'}
    with Process('segmenter', settings, namespace=namespace, remaps=remaps) as process:
        rig = SimulatedRig(process)
        yield rig
        process.stop()
        rig.close()


def test_ages_are_those_of_the_simulated_clock(simulated):
    simulated.connect()
    simulated.set(CENTRE)
    for _ in range(5):
        latency = simulated.show(picture(CENTRE)).latency
    # Five milliseconds on the simulated clock, or five less ten where an image overtakes a tick.
    assert abs(latency.receive) < 50
    assert latency.total < 10_000
    with simulated.showing():
        status = simulated.component('input', lambda s: s.level == DiagnosticStatus.OK)
    assert values_of(status)['frame_id'] == 'lens'


def test_a_clock_that_jumps_back_is_told_once_and_the_work_goes_on(simulated):
    simulated.connect()
    simulated.set(CENTRE)
    for _ in range(5):
        simulated.show(picture(CENTRE))
    simulated.tick(10 * SECOND)
    simulated.wait_for(lambda: 'the clock jumped back' in simulated.process.stderr)
    # The images of before would make this prompt a late one.
    accepted = simulated.point(*CENTRE)
    assert accepted.state == PromptStatus.ACCEPTED, accepted.reason
    for _ in range(3):
        result = simulated.show(picture(CENTRE))
        assert result.masks.header.stamp.sec == 10
        assert [mask.generation for mask in result.masks.masks] == [accepted.generation]
        assert abs(result.latency.receive) < 50
    assert simulated.process.stderr.count('the clock jumped back') == 1
    simulated.diagnostics.clear()
    with simulated.showing():
        simulated.component('input', lambda s: s.level == DiagnosticStatus.OK)
