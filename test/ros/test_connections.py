import pytest
from helpers.harness import serve_until
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import (
    LivelinessPolicy,
    QoSProfile,
    ReliabilityPolicy,
    qos_profile_sensor_data,
    qos_profile_system_default,
)
from std_msgs.msg import String

from picosam_ros.ros.connections import connections_of


@pytest.fixture
def other():
    other = Node('other', namespace='/far')
    yield other
    other.destroy_node()


@pytest.fixture
def serve(node):
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    yield lambda condition: serve_until(executor, condition)
    executor.shutdown()


def link(node, topic):
    return next((link for link in connections_of(node) if link.topic == topic), None)


def test_every_topic_is_there_with_the_number_of_the_others(node, other, serve):
    node.create_subscription(String, 'heard', print, 10)
    node.create_publisher(String, '~/told', 10)
    for _ in range(2):
        other.create_subscription(String, '/tested/told', print, 10)
    serve(lambda: link(node, '/tested/told').peers == 2)
    assert [found.topic for found in connections_of(node)] == ['/heard', '/tested/told']
    assert (link(node, '/heard').count, link(node, '/tested/told').count) == (
        '0 publishers',
        '2 subscribers',
    )
    assert not link(node, '/tested/told').misfits


@pytest.mark.parametrize(
    'qos', [qos_profile_system_default, qos_profile_sensor_data, QoSProfile(depth=1)]
)
def test_who_subscribes_best_effort_fits_every_usual_publisher(node, other, serve, qos):
    node.create_subscription(String, 'heard', print, qos_profile_sensor_data)
    other.create_publisher(String, '/heard', qos)
    serve(lambda: link(node, '/heard').peers)
    assert link(node, '/heard').misfits == ()


def test_a_misfit_names_topic_policy_and_node_and_says_what_to_do(node, other, serve):
    node.create_subscription(String, 'heard', print, 10)
    node.create_publisher(String, 'told', qos_profile_sensor_data)
    best_effort = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    other.create_publisher(String, '/heard', best_effort)
    other.create_subscription(String, '/told', print, 10)
    serve(lambda: link(node, '/heard').misfits and link(node, '/told').misfits)
    assert link(node, '/heard').misfits == (
        'QoS of /heard, which /far/other publishes: reliability (best effort publisher and '
        'reliable subscription): let it publish reliable',
    )
    assert link(node, '/told').misfits == (
        'QoS of /told, which /far/other subscribes to: reliability (best effort publisher and '
        'reliable subscription): let it subscribe best effort',
    )


def test_liveliness_is_a_policy_like_the_others(node, other, serve):
    node.create_publisher(String, 'told', 10)
    manual = QoSProfile(depth=1, liveliness=LivelinessPolicy.MANUAL_BY_TOPIC)
    other.create_subscription(String, '/told', print, manual)
    [misfit] = serve(lambda: link(node, '/told').misfits)
    assert 'subscribes to: liveliness (' in misfit
    assert misfit.endswith('): let it ask for automatic')


def test_a_misfit_is_gone_with_its_cause(node, other, serve):
    node.create_subscription(String, 'heard', print, 10)
    publisher = other.create_publisher(String, '/heard', qos_profile_sensor_data)
    serve(lambda: link(node, '/heard').misfits)
    other.destroy_publisher(publisher)
    serve(lambda: not link(node, '/heard').misfits)
