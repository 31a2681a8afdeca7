"""Every way in which nothing, or nothing good, arrives is a sentence in /diagnostics."""

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PointStamped
from helpers.harness import Client, Process
from helpers.rig import Rig, picture, values_of
from lifecycle_msgs.msg import Transition
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from rosgraph_msgs.msg import Clock
from std_msgs.msg import String
from std_srvs.srv import SetBool

from picosam_ros.msg import MaskArray
from picosam_ros.ros.messages import to_time

OK, WARN, ERROR, STALE = (
    DiagnosticStatus.OK,
    DiagnosticStatus.WARN,
    DiagnosticStatus.ERROR,
    DiagnosticStatus.STALE,
)
SECOND = 1_000_000_000


class Onlooker(Client):
    """Hears the diagnostics of a process, and gives it nothing."""

    component = Rig.component

    def __init__(self, process):
        super().__init__(process)
        self.diagnostics = self.subscribe(DiagnosticArray, '/diagnostics')


@pytest.fixture
def forgetful(rig):
    """Give the module's segmenter; it has forgotten how images arrived before."""
    assert rig.change(Transition.TRANSITION_DEACTIVATE)
    assert rig.change(Transition.TRANSITION_ACTIVATE)
    rig.diagnostics.clear()
    return rig


@pytest.fixture
def alone(red_network):
    """Run a segmenter whose image topic nobody publishes, under another name."""
    settings = {'model': red_network, 'threads': 1}
    with Process('segmenter', settings, remaps={'image': 'eye/left'}) as process:
        onlooker = Onlooker(process)
        yield onlooker
        process.stop()
        onlooker.close()


@pytest.fixture
def expect(rig):
    """Return a function that sets expected_rate; it is 0 again afterwards."""

    def set_rate(rate):
        value = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=float(rate))
        request = SetParameters.Request()
        request.parameters = [Parameter(name='expected_rate', value=value)]
        response = rig.call(SetParameters, f'{rig.process.name}/set_parameters', request)
        assert [result.successful for result in response.results] == [True]

    yield set_rate
    set_rate(0)


def shown(rig, sentence, **header):
    """Keep showing images with such headers until the sentence is there."""
    with rig.showing(**header):
        return rig.component('input', lambda status: sentence in status.message)


def error(rig, component):
    """Wait for an error of a component; endpoints are known a moment before their node's name."""
    return rig.component(component, lambda s: s.level == ERROR and 'UNKNOWN' not in s.message)


def test_a_best_effort_publisher_of_prompts_is_an_error_with_topic_policy_and_cure_until_it_leaves(
    rig,
):
    assert rig.component('topics').level == OK
    publisher = rig.publisher(PointStamped, 'prompt_point', qos_profile_sensor_data)
    status = error(rig, 'topics')
    namespace = rig.process.namespace
    assert status.message == (
        f'QoS of {namespace}/prompt_point, which {namespace}/client publishes: reliability (best '
        'effort publisher and reliable subscription): publish reliable'
    )
    rig.node.destroy_publisher(publisher)
    rig.diagnostics.clear()
    assert rig.component('topics', lambda status: status.level == OK)


def test_each_policy_that_a_subscriber_of_masks_cannot_have_is_named(rig):
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    latched.deadline = Duration(seconds=1)
    masks = rig.subscribe(MaskArray, f'{rig.process.name}/masks', latched)
    status = error(rig, 'topics')
    assert status.message.startswith(
        f'QoS of {rig.process.name}/masks, which {rig.process.namespace}/client subscribes to: '
        'durability (volatile publisher and transient local subscription): subscribe volatile; '
        'deadline (subscription'
    )
    assert status.message.endswith('): request no deadline there')
    masks.close()


def test_images_of_a_reliable_and_of_a_best_effort_publisher_arrive(forgetful):
    rig = forgetful
    best_effort = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    publisher = rig.publisher(type(rig.image(picture((5, 5)))), 'image', best_effort)
    assert shown(rig, 'images arrive').level == OK
    status = rig.component('topics', lambda s: '2 publishers' in values_of(s).values())
    assert status.level == OK
    rig.node.destroy_publisher(publisher)


def test_an_image_topic_without_a_publisher_is_named_and_so_is_one_of_another_type(alone):
    topic = f'{alone.process.namespace}/eye/left'
    status = alone.component('input', lambda status: 'no image' in status.message)
    assert (status.level, status.message) == (
        WARN,
        f'no image yet from {topic}: it has no publisher; is the camera node running? is the topic '
        'name right (remap image:=TOPIC)?',
    )
    alone.publisher(String, topic)
    status = error(alone, 'input')
    sentence = (
        f'type of {topic}: {alone.process.namespace}/client publishes std_msgs/msg/String, this '
        'node has sensor_msgs/msg/Image: remap one of them'
    )
    assert status.message == f'no image yet from {topic}: {sentence}'
    assert error(alone, 'topics').message == sentence


def test_images_that_stop_are_stale_with_the_time_since_the_last(forgetful):
    rig = forgetful
    topic = f'{rig.process.namespace}/image'
    status = rig.component('input', lambda status: 'no image yet' in status.message)
    assert (status.level, status.message) == (
        WARN,
        f'no image yet from {topic}, which has 1 publisher: is the camera streaming? has the '
        'network the bandwidth for its images?',
    )
    assert shown(rig, 'images arrive').level == OK
    status = rig.component('input', lambda status: 'no image from' in status.message)
    assert status.level == STALE
    assert status.message.startswith(f'no image from {topic} for ')
    assert float(values_of(status)['last image s ago']) >= 2


@pytest.mark.parametrize(
    ('sent', 'sentence'),
    [
        ({'seconds_ahead': 20}, 's in the future: is the camera'),
        ({'seconds_ahead': -3600}, '60 min old on arrival: is the camera'),
        ({'stamp': to_time(0)}, 'have no stamp: the camera driver must set it'),
        ({'frame_id': ''}, 'have no frame id, so nothing can be placed in 3-D'),
        ({'frame_id': '/lens'}, "the frame id '/lens' begins with a slash"),
    ],
)
def test_a_header_that_cannot_be_right_is_a_warning(forgetful, sent, sentence):
    assert shown(forgetful, sentence, **sent).level == WARN
    assert forgetful.change(Transition.TRANSITION_DEACTIVATE)
    assert forgetful.change(Transition.TRANSITION_ACTIVATE)
    forgetful.diagnostics.clear()
    assert shown(forgetful, 'images arrive').level == OK


def test_two_cameras_on_one_topic_are_a_warning(forgetful):
    with forgetful.showing(frame_id='left'):
        assert forgetful.component('input', lambda s: s.message == 'images arrive').level == OK
        status = shown(forgetful, 'several frame ids', frame_id='right')
    assert (status.level, values_of(status)['frame_id']) == (WARN, 'left, right')


def test_another_rate_than_the_expected_one_is_a_warning_while_the_node_runs(forgetful, expect):
    expect(1000)
    slow = 'Hz, expected_rate is 1000 Hz: is the camera set to that rate?'
    assert shown(forgetful, slow).level == WARN
    # Images that a busy machine held up come in a burst, the next ones do not.
    with forgetful.showing():
        forgetful.component(
            'input',
            lambda s: slow in s.message and 0 < float(values_of(s)['rate Hz']) < 100,
        )
    expect(0.5)
    status = shown(forgetful, 'Hz, expected_rate is 0.5 Hz: do two cameras publish?')
    assert status.level == WARN
    expect(0)
    forgetful.diagnostics.clear()
    assert shown(forgetful, 'images arrive').level == OK


def test_images_that_come_while_the_masks_are_off_are_counted(forgetful):
    enable = f'{forgetful.process.name}/enable'
    assert forgetful.call(SetBool, enable, SetBool.Request(data=False)).success
    for _ in range(3):
        forgetful.images.publish(forgetful.image(picture((5, 5))))
    status = forgetful.component('input', lambda s: values_of(s)['dropped (disabled)'] == '3')
    assert values_of(status)['results'] == '0'
    forgetful.diagnostics.clear()
    status = shown(forgetful, 'images arrive')
    assert (status.level, values_of(status)['results']) == (OK, '0')
    assert forgetful.call(SetBool, enable, SetBool.Request(data=True)).success


def test_a_simulation_that_does_not_tell_the_time_is_an_error_until_it_does(red_network):
    settings = {'model': red_network, 'use_sim_time': True}
    with Process('segmenter', settings) as process:
        onlooker = Onlooker(process)
        status = onlooker.component('input', lambda status: status.level == ERROR)
        assert status.message.startswith('use_sim_time is true, but /clock has no message yet')
        clock = onlooker.publisher(Clock, '/clock')
        timer = onlooker.node.create_timer(0.1, lambda: clock.publish(Clock(clock=to_time(SECOND))))
        status = onlooker.component('input', lambda status: status.level == WARN)
        assert 'no image yet' in status.message
        onlooker.node.destroy_timer(timer)
        process.stop()
        onlooker.close()


def test_a_camera_that_fails_is_stale_input_and_points_to_its_own_component(red_network):
    settings = {
        'camera': 'imx500',
        'simulate': True,
        'faults': 'timeout_at=10,timeout_s=600,start_s=0.1',
        'sensor_network': red_network,
        'model': red_network,
    }
    with Process('camera', settings) as process:
        onlooker = Onlooker(process)
        status = onlooker.component(
            'input', lambda s: s.message.startswith('no image from the camera for ')
        )
        assert status.level == STALE
        assert status.message.endswith("see this node's component 'camera'")
        assert onlooker.component('camera', lambda status: status.level == ERROR)
        process.stop()
        onlooker.close()
