import pytest
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


def connection_of(node, topic):
    return next((each for each in connections_of(node) if each.topic == topic), None)


def test_every_topic_is_there_with_the_number_of_the_others(node, other, serve):
    node.create_subscription(String, 'heard', print, 10)
    node.create_publisher(String, '~/told', 10)
    for _ in range(2):
        other.create_subscription(String, '/tested/told', print, 10)
    serve(lambda: connection_of(node, '/tested/told').peers == 2)
    assert [found.topic for found in connections_of(node)] == ['/heard', '/tested/told']
    assert (connection_of(node, '/heard').count, connection_of(node, '/tested/told').count) == (
        '0 publishers',
        '2 subscribers',
    )
    assert not connection_of(node, '/tested/told').incompatible


@pytest.mark.parametrize(
    'qos', [qos_profile_system_default, qos_profile_sensor_data, QoSProfile(depth=1)]
)
def test_who_subscribes_best_effort_fits_every_usual_publisher(node, other, serve, qos):
    node.create_subscription(String, 'heard', print, qos_profile_sensor_data)
    other.create_publisher(String, '/heard', qos)
    serve(lambda: connection_of(node, '/heard').peers)
    assert connection_of(node, '/heard').incompatible == ()


def test_an_incompatible_peer_names_topic_policy_and_node_and_says_what_to_do(node, other, serve):
    node.create_subscription(String, 'heard', print, 10)
    node.create_publisher(String, 'told', qos_profile_sensor_data)
    best_effort = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    other.create_publisher(String, '/heard', best_effort)
    other.create_subscription(String, '/told', print, 10)
    serve(
        lambda: (
            connection_of(node, '/heard').incompatible and connection_of(node, '/told').incompatible
        )
    )
    assert connection_of(node, '/heard').incompatible == (
        'QoS of /heard, which /far/other publishes: reliability (best effort publisher and '
        'reliable subscription): publish reliable',
    )
    assert connection_of(node, '/told').incompatible == (
        'QoS of /told, which /far/other subscribes to: reliability (best effort publisher and '
        'reliable subscription): subscribe best effort',
    )


def test_an_incompatible_peer_is_told_where_the_graph_lost_the_nodes_name(node, other, serve):
    earlier, later = (Node('again') for _ in range(2))
    later.create_subscription(String, 'heard', print, 10)
    earlier.destroy_node()
    other.create_publisher(String, '/heard', qos_profile_sensor_data)
    [sentence] = serve(lambda: connection_of(later, '/heard').incompatible)
    later.destroy_node()
    assert sentence.endswith('publish reliable')


def test_liveliness_is_a_policy_like_the_others(node, other, serve):
    node.create_publisher(String, 'told', 10)
    manual = QoSProfile(depth=1, liveliness=LivelinessPolicy.MANUAL_BY_TOPIC)
    other.create_subscription(String, '/told', print, manual)
    [sentence] = serve(lambda: connection_of(node, '/told').incompatible)
    assert 'subscribes to: liveliness (' in sentence
    assert sentence.endswith('): request automatic there')


def test_an_incompatible_peer_is_gone_with_its_cause(node, other, serve):
    node.create_subscription(String, 'heard', print, 10)
    publisher = other.create_publisher(String, '/heard', qos_profile_sensor_data)
    serve(lambda: connection_of(node, '/heard').incompatible)
    other.destroy_publisher(publisher)
    serve(lambda: not connection_of(node, '/heard').incompatible)
