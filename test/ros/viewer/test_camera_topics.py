"""Which topics belong to a camera, of nodes as the ROS graph has them."""

import os
from itertools import count

import pytest
from rclpy.node import Node
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from picosam_ros.msg import Prompt
from picosam_ros.ros.running_nodes import NodeName
from picosam_ros.ros.viewer.camera_topics import CameraTopics, find_topics

_numbers = count(1)


@pytest.fixture
def space():
    """Give a namespace that no other test has: two test runs may share a domain."""
    return f'/topics{os.getpid()}_{next(_numbers)}'


@pytest.fixture
def topics_of(node, space, serve):
    """Return a function that opens topics of a second node, and asks for them once seen."""
    made = []

    def ask(name, published, subscribed):
        made.append(other := Node(name, namespace=space))
        opened = [other.create_publisher(Image, topic, 10) for topic in published]
        opened += [other.create_subscription(kind, topic, print, 10) for kind, topic in subscribed]
        topics = {each.topic_name for each in opened}

        def known():
            lists = (
                node.get_publisher_names_and_types_by_node,
                node.get_subscriber_names_and_types_by_node,
            )
            return topics <= {topic for each in lists for topic, _ in each(name, space)}

        serve(lambda: (name, space) in node.get_node_names_and_namespaces())
        serve(known)
        return find_topics(node, NodeName(name, space))

    yield ask
    for each in made:
        each.destroy_node()


def test_a_camera_publishes_its_images_beside_its_results(topics_of, space):
    results = ['~/label_mask', '~/overlay', 'image_raw', '~/confidence']
    found = topics_of('camera', results, [(Prompt, 'prompt'), (Header, 'shown')])
    names = [f'{space}/{each}' for each in ('camera', 'image_raw', 'prompt', 'shown')]
    assert found == CameraTopics(*names)


def test_a_segmenter_subscribes_to_its_images_and_may_have_all_topics_remapped(topics_of, space):
    inputs = [(Image, '/usb/image'), (Prompt, '/clicks'), (Header, '/looked_at')]
    found = topics_of('segmenter', ['~/overlay'], inputs)
    assert found == CameraTopics(f'{space}/segmenter', '/usb/image', '/clicks', '/looked_at')


@pytest.mark.parametrize('missing', [Prompt, Header, Image])
def test_while_some_are_not_known_there_are_none(topics_of, missing):
    inputs = ((Image, 'image'), (Prompt, 'prompt'), (Header, 'shown'))
    known = [each for each in inputs if each[0] is not missing]
    assert topics_of('segmenter', ['~/overlay'], known) is None


def test_of_a_node_that_is_not_there_there_are_none(node, space):
    assert find_topics(node, NodeName('camera', space)) is None
