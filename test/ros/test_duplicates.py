import pytest
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.node import Node
from std_msgs.msg import String

from picosam_ros.ros.connections import Connection, connections_of, topics_status
from picosam_ros.ros.diagnostics import ERROR, OK
from picosam_ros.ros.duplicates import Duplicates


@pytest.fixture
def node():
    """Give a node whose name no other test of this process has."""
    node = Node('watched')
    yield node
    node.destroy_node()


@pytest.fixture
def other():
    """Give a node of another process, as far as the middleware can tell."""
    context = Context()
    context.init()
    made = []

    def make(name, namespace='/'):
        made.append(Node(name, namespace=namespace, context=context))
        return made[-1]

    yield make
    for node in made:
        node.destroy_node()
    context.try_shutdown()


@pytest.fixture
def duplicates(node):
    return Duplicates(node)


@pytest.fixture
def check(node, duplicates):
    return lambda: duplicates.check(connections_of(node), {'/prompt'})


@pytest.fixture
def check_of(duplicates):
    """Check a node whose topic has a second publisher, as the graph names it."""
    return lambda name: duplicates.check([Connection('/watched/told', 1, False, (), (name,))])


def test_a_node_alone_has_nothing_to_tell(node, other, serve, check):
    node.create_publisher(String, '~/told', 10)
    node.create_publisher(String, '~/told', 10)  # both are its own
    heard = node.create_subscription(String, 'heard', print, 10)
    other('other').create_publisher(String, '/heard', 10)
    serve(heard.get_publisher_count)
    assert (check(), check()) == ('', '')


def test_a_second_node_of_its_name_is_told_from_the_second_report_on(node, other, serve, check):
    node.create_publisher(String, '~/told', 10)
    twin = other(node.get_name(), node.get_namespace())
    twin.create_publisher(String, '~/told', 10)
    serve(lambda: node.count_publishers('/watched/told') == 2)
    serve(lambda: len([n for n in node.get_node_names() if n == node.get_name()]) == 2)
    assert check() == ''
    told = check()
    assert told.startswith('2 nodes are named /watched: they get the same prompts and images, and')
    assert '/watched/told; stop all but one, or start each under a name or a namespace' in told
    status = topics_status(connections_of(node), told)
    assert (status.level, status.message) == (ERROR, told)
    twin.destroy_node()
    serve(lambda: not check())
    assert topics_status(connections_of(node), check()).level == OK


def test_a_second_node_whose_topics_are_known_before_its_name_is_told_as_such(check_of, capfd):
    unknown, own = 'a node whose name is not known', '/watched'
    assert check_of(unknown) == ''
    assert check_of(unknown).startswith(f'/watched/told is published by /watched and by {unknown}')
    told = check_of(own)
    assert told.startswith('2 nodes are named /watched: they get the same prompts and images, and')
    assert check_of(own) == told
    logged = capfd.readouterr().err
    assert (logged.count(unknown), logged.count('2 nodes are named')) == (1, 1)


def test_another_publisher_of_its_topic_is_told_by_name(node, other, serve, check):
    node.create_publisher(String, 'image_raw', 10)
    rival = other('rival', '/far')
    publisher = rival.create_publisher(String, '/image_raw', 10)
    serve(lambda: '/far/rival' in connections_of(node)[0].others)
    assert check() == ''
    assert check().startswith('/image_raw is published by /watched and by /far/rival: who listens')
    rival.destroy_publisher(publisher)
    serve(lambda: not check())


def test_a_namesake_that_only_one_report_sees_is_not_told(node, other, serve, check):
    twin = other(node.get_name(), node.get_namespace())
    serve(lambda: len([n for n in node.get_node_names() if n == node.get_name()]) == 2)
    assert check() == ''
    twin.destroy_node()
    serve(lambda: len([n for n in node.get_node_names() if n == node.get_name()]) == 1)
    assert (check(), check()) == ('', '')


@pytest.mark.parametrize(
    ('topic', 'kind'), [('/prompt', String), ('/diagnostics', DiagnosticArray)]
)
def test_topics_that_all_may_publish_are_left_out(node, other, serve, check, topic, kind):
    node.create_publisher(kind, topic, 10)
    other('rival').create_publisher(kind, topic, 10)
    serve(lambda: node.count_publishers(topic) == 2)
    assert (check(), check()) == ('', '')
